import { pairScorer } from '../../src/routing/matrix-factorization.ts';
import type { RouterWeights } from '../../src/routing/router-weights.ts';
import type { ModelPair } from '../../src/training/dev-report.ts';
import { factorMatrix } from '../../src/training/factor-matrix.ts';
import type { EmbeddedRow } from './train-on.ts';

/** Of one pair, by row. */
export interface PairScores {
  /** Expected quality of strong less that of weak: what a pair's prompts are ranked by. */
  readonly gains: number[];
  /** Probability that strong scores strictly higher. */
  readonly winRates: number[];
}

/** Scores of `rows`, by pair. */
export function pairScores(
  weights: RouterWeights,
  rows: readonly EmbeddedRow[],
  pairs: readonly ModelPair[],
): PairScores[] {
  const { head, metadata, meanQuality } = weights;
  const factors = factorMatrix(
    rows.map(({ prompt }) => prompt),
    weights,
  );
  return pairs.map(([strong, weak]) => {
    const [s, w] = [metadata.models.indexOf(strong), metadata.models.indexOf(weak)];
    // A model without outcomes outside the tasks left out: nothing to rank by.
    if (s < 0 || w < 0) return { gains: rows.map(() => 0), winRates: rows.map(() => 0.5) };
    const scorer = pairScorer(head, metadata.winRate, meanQuality, s, w);
    const scores = rows.map((_, i) => scorer.scoreFactors(factors, i * head.rank));
    return {
      gains: scores.map(({ strong: ofStrong, weak: ofWeak }) => ofStrong - ofWeak),
      winRates: scores.map(({ winRate }) => winRate),
    };
  });
}
