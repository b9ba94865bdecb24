import { listSome } from '../list-some.ts';
import { belowGuessing } from './below-guessing.ts';
import { fewestRows } from './dev-report.ts';
import { countBy } from './training-rows.ts';
import type { TrainingData } from './training-data.ts';

/** A row of the router that fewer outcomes have shaped says little of its model. */
const fewOutcomes = 50;
const mostNamed = 8;

/** What the data allows but the figures will suffer from, in sentences. */
export function dataWarnings({ train, dev }: Pick<TrainingData, 'train' | 'dev'>): string[] {
  const counts = [...countBy(train.rows.flatMap(({ scores }) => Object.keys(scores)))];
  const rare = counts.filter(([, count]) => count < fewOutcomes).map(([id, n]) => `${id} (${n})`);
  const spellings = alike(counts.map(([id]) => id));
  const small = [...countBy(dev.rows.map(({ source }) => source))]
    .filter(([, count]) => count < fewestRows)
    .map(([source, count]) => `${source} (${count})`);
  const unread = [...belowGuessing(train.rows)].flatMap(([topic, models]) =>
    Array.from(models, (model) => `${model} on ${topic}`),
  );
  const trained = new Set(train.rows.map(({ key }) => key));
  const shared = new Set(dev.rows.map(({ key }) => key).filter((key) => trained.has(key)));
  return [
    ...(rare.length > 0
      ? [
          `with fewer than ${fewOutcomes} outcomes the scores of a model say little: ${listSome(rare, mostNamed)}`,
        ]
      : []),
    ...(spellings.length > 0
      ? [
          'names that differ in case or provider alone are trained as different models: ' +
            listSome(spellings, mostNamed),
        ]
      : []),
    ...(small.length > 0
      ? [
          `sources with fewer than ${fewestRows} prompts to choose on are in no figure, pooled or not: ` +
            listSome(small, mostNamed),
        ]
      : []),
    ...(unread.length > 0
      ? [
          'right far less often than by guessing, as where a grader cannot read the answers; where a router has the ' +
            `topic and other outcomes of the model, they count for prompts with options alone: ${listSome(unread, mostNamed)}`,
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

/** Names that are the same but for case and a provider before a slash, each group in one text. */
function alike(names: readonly string[]): string[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const plain = name.toLowerCase().replace(/^.*\//, '');
    groups.set(plain, [...(groups.get(plain) ?? []), name]);
  }
  return [...groups.values()]
    .filter(({ length }) => length > 1)
    .map((group) => group.join(' and '));
}
