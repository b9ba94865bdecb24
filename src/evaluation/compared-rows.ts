import type { Outcome } from '../training/outcomes.ts';

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
  return outcomes.flatMap(({ source, category, key, prompt, scores }) => {
    const [ofStrong, ofWeak] = [scores[strong], scores[weak]];
    if (ofStrong === undefined || ofWeak === undefined) return [];
    const topic = category === undefined ? source : `${source}/${category}`;
    return [{ source, topic, key, prompt, strong: ofStrong, weak: ofWeak }];
  });
}
