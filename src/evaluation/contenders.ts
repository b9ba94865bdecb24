import type { Random } from '../math/random.ts';
import { floors } from '../training/evaluate-metrics.ts';
import type { ComparedRow } from './compared-rows.ts';
import { topicGaps } from './topic-gaps.ts';

/** What a line of a table is about: a router, a rule that knows next to nothing, or the one that knows all. */
export type ContenderKind = 'router' | 'floor' | 'oracle' | 'bound';

export interface Contender {
  readonly name: string;
  readonly kind: ContenderKind;
  /** One for each row; null: by chance, RouteLLM's 10 runs. */
  readonly scores: readonly number[] | null;
}

export function createOracle(rows: readonly ComparedRow[], random: Random) {
  const strong = rows.map((row) => row.strong);
  const weak = rows.map((row) => row.weak);
  const scores = ranks(floors.oracle(strong, weak), random);
  return { name: 'oracle', kind: 'oracle', scores } as const;
}

/** The floors of one table, whose rows these are. */
export function createFloors(
  rows: readonly ComparedRow[],
  learn: readonly ComparedRow[] | null,
): Contender[] {
  return [
    { name: 'topic', kind: 'floor', scores: topicGaps(rows, learn, 'topic') },
    { name: 'source', kind: 'floor', scores: topicGaps(rows, learn, 'source') },
    { name: 'length', kind: 'floor', scores: floors.length(rows.map(({ prompt }) => prompt)) },
    { name: 'random', kind: 'floor', scores: null },
  ];
}

/** Positions in ascending order, equal scores in any order: RouteLLM's oracle needs no ties. */
function ranks(scores: readonly number[], random: Random): number[] {
  const keyed = scores.map((score, i) => ({ score, i, chance: random() }));
  keyed.sort((a, b) => a.score - b.score || a.chance - b.chance);
  const result = new Array<number>(scores.length);
  for (const [rank, { i }] of keyed.entries()) result[i] = rank;
  return result;
}
