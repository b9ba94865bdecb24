import { sorted } from '../math/quantile.ts';
import type { CalibrationRow } from './calibration-row.ts';
import { isByChance } from './quality-sources.ts';

const parts = 5;
/** Chance alone does that once in some 350,000 logs. */
const mostErrors = 5;

/**
 * Whether the tiers that were chosen fit their logged propensities, in each fifth of the scores: as
 * many rows of a tier as the propensities of all rows by chance add up to, within 5 standard errors.
 * Where something else had a say that follows from neither score nor chance, they do not, and no
 * weighting makes up for it. So it is where a cascade asked the weak model first: such
 * rows have no propensity, and those that exploration sent to strong are left alone.
 */
export function fitsPropensities(rows: readonly CalibrationRow[]): boolean {
  const byChance = rows.filter(isByChance);
  const scores = sorted(byChance.map(({ score }) => score));
  const bounds = Array.from(
    { length: parts - 1 },
    (_, i) => scores[Math.floor(((i + 1) * scores.length) / parts)]!,
  );
  const surplus = new Float64Array(parts);
  const variance = new Float64Array(parts);
  for (const { score, tier, propensity } of byChance) {
    let part = 0;
    while (part < bounds.length && score >= bounds[part]!) part++;
    const strong = tier === 'strong' ? propensity! : 1 - propensity!;
    surplus[part]! += (tier === 'strong' ? 1 : 0) - strong;
    variance[part]! += strong * (1 - strong);
  }
  return surplus.every((sum, part) => Math.abs(sum) <= mostErrors * Math.sqrt(variance[part]! + 1));
}
