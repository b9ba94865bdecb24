// How many outcomes are enough? Errors shrink with the square root of their number, so that from the
// interval that n outcomes give, half as wide as h, one of half width w needs n (h / w)^2. The
// advantage of the strong model is shown (its interval leaves out 0) with a power of 80 % by
// n ((1.96 + 0.84) se / advantage)^2 outcomes. Both count outcomes of the present kind and mix.
import type { CalibrationRow } from './calibration-row.ts';
import { isByChance, weightOf } from './quality-sources.ts';

/** Quantiles of the normal distribution at 0.975 and 0.8. */
const [z95, z80] = [1.959964, 0.841621];

/**
 * An advantage under 5 points is not looked for: where the outcomes so far show less, or none, the
 * number is that which would show 5 points.
 */
const smallestAdvantage = 0.05;

/** Outcomes after which the half width would be `wanted`; never fewer than there are. */
export function outcomesForWidth(outcomes: number, halfWidth: number, wanted: number): number {
  return Math.ceil(outcomes * Math.max(1, halfWidth / wanted) ** 2);
}

/** Outcomes that show the advantage with a power of 80 %. */
export function outcomesForAdvantage(
  outcomes: number,
  advantage: number,
  standardError: number,
): number {
  const shown = Math.max(smallestAdvantage, advantage);
  return Math.ceil(outcomes * Math.max(1, ((z95 + z80) * standardError) / shown) ** 2);
}

/**
 * The same before there are enough outcomes to measure an error: for a quality that is 0 or 1, as
 * likely as not. Comparisons: the standard deviation of a win is at most 1/2, so that of the advantage,
 * twice the win less one, is at most 1. Feedback: a tier's answers have a variance of at most 1/4, each weighing
 * 1 / propensity: (1 / n) (mean of 1 / P(strong) + mean of 1 / P(weak)) / 4 over the requests.
 * @returns null for feedback where chance sends no request to either tier
 */
export function outcomesForAdvantageAtWorst(
  rows: readonly CalibrationRow[],
  kind: 'explicit' | 'judged',
): number | null {
  const factor = ((z95 + z80) / smallestAdvantage) ** 2;
  if (kind === 'judged') return Math.ceil(factor);
  const explored = rows.filter(isByChance);
  if (explored.length === 0) return null;
  let sum = 0;
  for (const row of explored) {
    sum += weightOf(row, 'strong') + weightOf(row, 'weak');
  }
  return Math.ceil((factor * sum) / explored.length / 4);
}
