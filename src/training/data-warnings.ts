import { listSome } from '../list-some.ts';
import { countBy } from './training-rows.ts';
import type { TrainingData } from './training-data.ts';

/** A row of the router that fewer outcomes have shaped says little of its model. */
const fewOutcomes = 50;
const mostNamed = 8;

/** What the data allows but the figures will suffer from, in sentences. */
export function dataWarnings({ train, dev }: Pick<TrainingData, 'train' | 'dev'>): string[] {
  const counts = [...countBy(train.rows.flatMap(({ scores }) => Object.keys(scores)))];
  const rare = counts.filter(([, count]) => count < fewOutcomes).map(([id, n]) => `${id} (${n})`);
  const trained = new Set(train.rows.map(({ key }) => key));
  const shared = new Set(dev.rows.map(({ key }) => key).filter((key) => trained.has(key)));
  return [
    ...(rare.length > 0
      ? [
          `with fewer than ${fewOutcomes} outcomes the scores of a model say little: ${listSome(rare, mostNamed)}`,
        ]
      : []),
    ...(shared.size > 0
      ? [
          `${shared.size} questions to choose on are trained on, too (same key, or without keys the same words): ` +
            'the figures on dev are too good',
        ]
      : []),
  ];
}
