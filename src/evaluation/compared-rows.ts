import { topicOf, type Outcome } from '../training/outcomes.ts';
import { countBy } from '../training/training-rows.ts';

/** One prompt that both models of a pair have outcomes on. */
export interface ComparedRow {
  readonly source: string;
  /** Source and, where the data tells one, category. */
  readonly topic: string;
  /** The same question has the same key in every source. */
  readonly key: string;
  readonly prompt: string;
  /** Quality of either answer, 0..1. */
  readonly strong: number;
  readonly weak: number;
}

export function comparedRows(
  outcomes: readonly Outcome[],
  strong: string,
  weak: string,
): ComparedRow[] {
  return outcomes.flatMap((row) => {
    const { source, key, prompt, scores } = row;
    const [ofStrong, ofWeak] = [scores[strong], scores[weak]];
    if (ofStrong === undefined || ofWeak === undefined) return [];
    return [{ source, topic: topicOf(row), key, prompt, strong: ofStrong, weak: ofWeak }];
  });
}

/** Weights by which each source counts the same, whatever its number of rows. */
export function equalWeights(rows: readonly Pick<ComparedRow, 'source'>[]): number[] {
  const counts = countBy(rows.map(({ source }) => source));
  return rows.map(({ source }) => 1 / counts.get(source)!);
}

export interface SourceCount {
  readonly source: string;
  readonly prompts: number;
}

/** Sources with fewer rows than `minimum` are no measurement, unless there is none with more. */
export function sourcesOf(
  rows: readonly ComparedRow[],
  minimum: number,
): { readonly all: SourceCount[]; readonly kept: SourceCount[]; readonly hasLarge: boolean } {
  const counts = countBy(rows.map(({ source }) => source));
  const all = [...counts].map(([source, prompts]) => ({ source, prompts }));
  const large = all.filter(({ prompts }) => prompts >= minimum);
  return { all, kept: large.length > 0 ? large : all, hasLarge: large.length > 0 };
}
