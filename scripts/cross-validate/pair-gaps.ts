import { pairScorer } from '../../src/routing/matrix-factorization.ts';
import type { RouterWeights } from '../../src/routing/router-weights.ts';
import type { ModelPair } from '../../src/training/dev-report.ts';
import { factorMatrix } from '../../src/training/factor-matrix.ts';
import type { EmbeddedRow } from './train-on.ts';

/** Expected gain of strong over weak on each row, [pairs x rows]: what a pair's prompts are ranked by. */
export function pairGaps(
  weights: RouterWeights,
  rows: readonly EmbeddedRow[],
  pairs: readonly ModelPair[],
): number[][] {
  const { head, metadata, meanQuality } = weights;
  const factors = factorMatrix(
    rows.map(({ prompt }) => prompt),
    weights,
  );
  return pairs.map(([strong, weak]) => {
    const [s, w] = [metadata.models.indexOf(strong), metadata.models.indexOf(weak)];
    // A model without outcomes outside the tasks left out: nothing to rank by.
    if (s < 0 || w < 0) return rows.map(() => 0);
    const scorer = pairScorer(head, metadata.winRate, meanQuality, s, w);
    return rows.map((_, i) => {
      const score = scorer.scoreFactors(factors, i * head.rank);
      return score.strong - score.weak;
    });
  });
}
