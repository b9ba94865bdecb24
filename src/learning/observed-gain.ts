import { clamp } from '../math/vector.ts';
import type { LocalOutcome } from './local-outcome.ts';

/** An unbiased estimate of what the strong answer gains over the weak one. */
export interface ObservedGain {
  /** y_strong - y_weak, or its estimate; may lie outside -1..1. */
  readonly gain: number;
  readonly kind: 'compared' | 'rated';
}

/**
 * Compared answers show the gain themselves: 2 win - 1 (two-arm-model.ts). A rating of one answer, whose
 * tier was drawn with a known chance below 1, shows it on average: the doubly robust estimate (Robins,
 * Rotnitzky & Zhao, JASA 1994; for policies Dudik, Langford & Li, ICML 2011)
 *
 *   mu_strong - mu_weak +- (y - mu_T) / propensity
 *
 * with mu from heads that have not seen the outcome: wrong ones add noise and no bias. Null where nothing
 * can be known: the tier was certain.
 *
 * @param winRate held-out win rate of the prompt
 * @param expected held-out rating of the answer that was given to such a prompt
 */
export function observedGain(
  { strongWin, rating }: Pick<LocalOutcome, 'strongWin' | 'rating'>,
  winRate: number,
  expected: number,
): ObservedGain | null {
  if (strongWin !== null) return { gain: 2 * strongWin - 1, kind: 'compared' };
  if (rating === null || rating.propensity === null || rating.propensity >= 1) return null;
  const { tier, value, propensity } = rating;
  const strongPropensity = tier === 'strong' ? propensity : 1 - propensity;
  const contrast = 2 * winRate - 1;
  const strong = clamp(expected + (1 - strongPropensity) * contrast, 0, 1);
  const weak = clamp(expected - strongPropensity * contrast, 0, 1);
  const correction =
    tier === 'strong' ? (value - strong) / propensity : (weak - value) / propensity;
  return { gain: strong - weak + correction, kind: 'rated' };
}
