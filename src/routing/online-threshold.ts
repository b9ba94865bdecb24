import type { ScoreWindow } from './score-window.ts';

/** A boundary that also says what becomes of the scores that are equal to it. */
export interface TieredBoundary {
  readonly threshold: number;
  /** Share, 0..1, of the scores at the threshold that go to strong. */
  readonly tieShare: number;
}

/**
 * Scores that the threshold follows. The share of n scores above a fixed boundary has a standard
 * error of sqrt(s (1 - s) / n): 1.4 points for s = 0.3 and n = 1000. A longer window would be
 * steadier and follow a shift of the traffic later: it has left the window after n requests.
 */
export const windowScores = 1000;

/** Fewer scores say too little, as in calibration: +-9 points (95 %) for s = 0.3. */
export const leastScores = 100;

/** Weak for every score: conversations that stay strong have used up the share. */
const nothingMore: TieredBoundary = { threshold: 1, tieShare: 0 };

/**
 * The boundary that sends `strongShare` (over 0, under 1) of the window's scores to strong, ties
 * included: all above the threshold and `tieShare` of those at it. Infinity stands for what went
 * there whatever its score. Null for an empty window.
 *
 * The exact quantile of a sliding window, and no running estimate (P², Jain & Chlamtac 1985;
 * stochastic approximation): those have a step size to be tuned to the density of the scores, never
 * forget or else oscillate, and cannot split a tie. As long as scores come in no particular order
 * (are exchangeable), the rank of the next one among n + 1 is uniform whatever their distribution,
 * so it goes to strong with probability `strongShare` to within 1 / (n + 1) (the argument of
 * conformal prediction: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World, 2005).
 */
export function boundaryFor(window: ScoreWindow, strongShare: number): TieredBoundary | null {
  const { size } = window;
  if (size === 0) return null;
  const wanted = strongShare * size;
  const threshold = window.ordered()[size - Math.ceil(wanted)]!;
  if (threshold === Infinity) return nothingMore;
  const above = size - window.upTo(threshold);
  const tied = size - window.below(threshold) - above;
  return { threshold, tieShare: Math.min(1, Math.max(0, (wanted - above) / tied)) };
}
