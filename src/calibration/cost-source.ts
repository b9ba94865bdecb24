import type { CalibrationRow } from './calibration-row.ts';
import { fitsPropensities } from './check-propensities.ts';
import { fewestOutcomes, isByChance, observe, weightOf } from './quality-sources.ts';
import {
  createLineEstimator,
  createValueEstimator,
  type Observations,
  type ValueEstimator,
} from './value-estimator.ts';

/**
 * Where the cost of the tier that did not answer is from: chance alone sent such requests there
 * (`explored`), both answers of comparisons are known (`compared`), or it is read from the other
 * requests' costs by their length (`modelled`: an assumption).
 */
export type CostBasis = 'explored' | 'compared' | 'modelled';

/** What each request would cost by either tier, in 1e-9 US dollars. */
export interface CostSource {
  readonly basis: CostBasis;
  fill(counts: ArrayLike<number>, strong: Float64Array, weak: Float64Array): void;
}

type Tier = CalibrationRow['tier'];

/** Answers of each tier whose cost is known; under `fewestOutcomes` there is no source by answers. */
export function countCosts(rows: readonly CalibrationRow[]): Readonly<Record<Tier, number>> {
  const count = (tier: Tier): number => rows.filter((row) => costOf(row, tier) !== null).length;
  return { strong: count('strong'), weak: count('weak') };
}

/** Null when a tier's costs are not known, or of too few answers. */
export function costSource(rows: readonly CalibrationRow[]): CostSource | null {
  const scores = Float64Array.from(rows, ({ score }) => score);
  const feature = lengthFeature(rows);
  const explored = bothTiers((tier) =>
    observe(
      rows,
      (row) => (isByChance(row) ? costOf(row, tier) : null),
      (row) => (isByChance(row) ? weightOf(row, tier) : NaN),
    ),
  );
  if (isEnough(explored) && fitsPropensities(rows)) {
    return sourceOf(
      'explored',
      explored.map((seen) => createValueEstimator(scores, feature, seen)),
    );
  }
  const one = () => 1;
  const compared = bothTiers((tier) =>
    observe(rows, ({ comparedCostNanoUsd }) => comparedCostNanoUsd?.[tier] ?? null, one),
  );
  if (isEnough(compared)) {
    return sourceOf(
      'compared',
      compared.map((seen) => createValueEstimator(scores, feature, seen)),
    );
  }
  const answered = bothTiers((tier) => observe(rows, (row) => costOf(row, tier), one));
  if (!isEnough(answered)) return null;
  return sourceOf(
    'modelled',
    answered.map((seen) => createLineEstimator(feature, seen)),
  );
}

function costOf(row: CalibrationRow, tier: Tier): number | null {
  return row.tier === tier && !row.fellBack ? row.costNanoUsd : null;
}

function bothTiers(by: (tier: Tier) => Observations): Observations[] {
  return [by('strong'), by('weak')];
}

function isEnough(pair: readonly Observations[]): boolean {
  return pair.every(({ rows }) => rows.length >= fewestOutcomes);
}

function sourceOf(
  basis: CostBasis,
  [strongCosts, weakCosts]: readonly Pick<ValueEstimator, 'fill'>[],
): CostSource {
  return {
    basis,
    fill(counts, strong, weak) {
      strongCosts!.fill(counts, strong);
      weakCosts!.fill(counts, weak);
    },
  };
}

/** Longer prompts cost more: tokens where all are counted, else characters. */
function lengthFeature(rows: readonly CalibrationRow[]): Float64Array {
  const isCounted = rows.every(({ promptTokens }) => promptTokens !== null);
  return Float64Array.from(rows, ({ promptTokens, promptChars }) =>
    isCounted ? promptTokens! : (promptChars ?? 0),
  );
}
