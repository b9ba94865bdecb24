import { leadingCount } from '../math/leading-count.ts';

/** How scores were distributed when the threshold was found. */
export interface ScoreReference {
  /** The newest applied calibration, or the traffic that the router's weights bring along. */
  readonly origin: 'calibration' | 'weights';
  /** The 11 quantiles 0, 0.1 … 1, ascending. */
  readonly deciles: readonly number[];
  /** How many scores they are from. */
  readonly scores: number;
  /** When the calibration was applied, ISO 8601 UTC; null for the weights. */
  readonly sinceUtc: string | null;
}

/** In the usual bands of the PSI: below 0.1, below 0.25, from there on (Siddiqi 2006). */
export type DriftLevel = 'stable' | 'moderate' | 'major';

export interface Drift {
  readonly level: DriftLevel;
  /** Population stability index over the bins, with natural logarithms. */
  readonly psi: number;
  /** What the PSI is on average when nothing has changed. */
  readonly psiExpected: number;
  /** What chance alone exceeds once in a thousand times. */
  readonly psiNoise: number;
  /** Kolmogorov-Smirnov distance, 0..1: largest gap between the cumulative shares. */
  readonly ks: number;
  /** How likely such a distance is when nothing has changed. */
  readonly ksP: number;
  /** Recent scores that were compared. */
  readonly scores: number;
  /** How many bins were left to compare: 10, fewer where scores tie. */
  readonly bins: number;
  /** Share of the reference and of the recent scores in each bin, from the lowest scores on. */
  readonly shares: readonly { readonly expected: number; readonly actual: number }[];
}

/** About twenty in each of ten bins: below it the chi-square law of the PSI is not to be trusted. */
export const leastDriftScores = 200;

/** A bin's border that so many of the recent scores sit on is none: on which side do they belong? */
const tiedShare = 0.01;

/** Upper 0.001 points of chi-square with 1 to 9 degrees of freedom. */
const chiSquare999 = [10.828, 13.816, 16.266, 18.467, 20.515, 22.458, 24.322, 26.125, 27.877];

/**
 * Recent scores against those of the reference. The bins lie between its deciles, so a tenth of it
 * is in each; bins whose borders tie are merged.
 *
 * PSI = sum (a - e) ln(a / e), a and e the recent and the reference share of a bin (Lewis 1994;
 * Siddiqi, Credit Risk Scorecards, 2006, for the bands). Without any drift it is distributed as
 * (1/n + 1/m) chi-square with bins - 1 degrees of freedom (Yurdakul & Naranjo, Statistical
 * properties of the population stability index, J. Risk Model Validation 14(4), 2020): 0.1 means
 * nothing where n or m is 100. So the bands are laid on the PSI less its mean, and only a PSI that
 * chance exceeds once in a thousand times counts.
 *
 * The KS distance is taken at the borders, and its significance by Stephens' approximation of the
 * two-sample law (J. Royal Stat. Soc. B 32, 1970; Press et al., Numerical Recipes, 14.3). Since it
 * looks at the borders only, that errs on the side of "no drift".
 *
 * Both take scores as independent; many calls of one conversation are not.
 *
 * @param ordered ascending
 * @returns null for fewer than `leastDriftScores`, or where ties leave a single bin
 */
export function measureDrift(ordered: Float64Array, reference: ScoreReference): Drift | null {
  const n = ordered.length;
  if (n < leastDriftScores) return null;
  const borders = borderRanks(ordered, reference.deciles);
  if (borders.length === 0) return null;

  const shares: { expected: number; actual: number }[] = [];
  let psi = 0;
  let ks = 0;
  let [lastTenths, lastRank] = [0, 0];
  for (const { tenths, rank } of [...borders, { tenths: 10, rank: n }]) {
    const expected = (tenths - lastTenths) / 10;
    shares.push({ expected, actual: (rank - lastRank) / n });
    // Half a score stands for none, whose logarithm is infinite.
    const actual = Math.max(rank - lastRank, 0.5) / n;
    psi += (actual - expected) * Math.log(actual / expected);
    ks = Math.max(ks, Math.abs(rank / n - tenths / 10));
    [lastTenths, lastRank] = [tenths, rank];
  }
  const freedom = borders.length;
  const unit = 1 / n + 1 / reference.scores;
  const psiExpected = freedom * unit;
  const psiNoise = chiSquare999[freedom - 1]! * unit;
  return {
    level: psi <= psiNoise ? 'stable' : levelOf(psi - psiExpected),
    ...{ psi, psiExpected, psiNoise, ks },
    ksP: kolmogorovP(ks, 1 / unit),
    scores: n,
    bins: freedom + 1,
    shares,
  };
}

/** @param excess PSI less what chance explains */
export function levelOf(excess: number): DriftLevel {
  if (excess < 0.1) return 'stable';
  return excess < 0.25 ? 'moderate' : 'major';
}

interface Border {
  /** Tenths of the reference at or below it. */
  readonly tenths: number;
  /** Recent scores at or below it. */
  readonly rank: number;
}

/** The inner deciles that tell below from above: neither tied themselves nor the place of a tie. */
function borderRanks(ordered: Float64Array, deciles: readonly number[]): Border[] {
  const borders: Border[] = [];
  for (let tenths = 1; tenths <= 9; tenths++) {
    const border = deciles[tenths]!;
    if (border === deciles[tenths - 1] || border === deciles[tenths + 1]) continue;
    const rank = leadingCount(ordered, (score) => score <= border);
    const below = leadingCount(ordered, (score) => score < border);
    if (rank - below > tiedShare * ordered.length) continue;
    borders.push({ tenths, rank });
  }
  return borders;
}

/** @param size n m / (n + m) of the two samples */
function kolmogorovP(distance: number, size: number): number {
  const root = Math.sqrt(size);
  const lambda = (root + 0.12 + 0.11 / root) * distance;
  if (lambda < 0.2) return 1; // 1 to more than ten digits, where the series converges slowly
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = Math.exp(-2 * k * k * lambda * lambda);
    sum += k % 2 === 1 ? term : -term;
    if (term < 1e-12) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}
