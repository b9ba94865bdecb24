import type { CalibrationRow, OutcomeChoice } from './calibration-row.ts';
import { fitsPropensities } from './check-propensities.ts';
import type { RowEstimates } from './linear-figure.ts';
import { createValueEstimator, type Observations } from './value-estimator.ts';

/** One kind of evidence, as estimates of both tiers' answers on every row. */
export interface QualitySource {
  readonly name: 'explicit' | 'judged';
  /** Outcomes that are used. */
  readonly outcomes: number;
  fill(counts: ArrayLike<number>, strong: Float64Array, weak: Float64Array): void;
  /** Of every row's two estimates, with their covariance, to be expected. */
  readonly variances: RowEstimates['variances'];
}

type Tier = CalibrationRow['tier'];

/** What the rows hold, used or not. */
export interface Evidence {
  readonly requests: number;
  readonly explicit: {
    /** With feedback on the answer of the decided tier. */
    readonly outcomes: number;
    /** Those that chance could have sent to the other tier, by tier that answered. */
    readonly strong: number;
    readonly weak: number;
    /** Those that chance did send there: propensity below a half. */
    readonly explored: number;
    /** Weights that were cut at `largestWeight`. */
    readonly clipped: number;
  };
  readonly judged: { readonly outcomes: number };
}

/** Why there is nothing to estimate quality from. */
export type NoQuality = 'no_outcomes' | 'no_exploration' | 'unlike_propensities' | 'too_few';

/**
 * A propensity below 0.01 counts as 0.01: one such answer would else stand for more than a hundred
 * others. It makes estimates a little wrong (towards what the regression says) and much steadier.
 */
const largestWeight = 100;

/** Answers of either tier, or comparisons, under which not even an error can be estimated. */
export const fewestOutcomes = 10;

export function findEvidence(rows: readonly CalibrationRow[]): Evidence {
  const explicit = rows.filter(isAnswerOfTier);
  const explored = explicit.filter(isByChance);
  const count = (isIn: (row: CalibrationRow) => boolean): number => explored.filter(isIn).length;
  return {
    requests: rows.length,
    explicit: {
      outcomes: explicit.length,
      strong: count(({ tier }) => tier === 'strong'),
      weak: count(({ tier }) => tier === 'weak'),
      explored: count(({ propensity }) => propensity! < 0.5),
      clipped: count(({ propensity }) => 1 / propensity! > largestWeight),
    },
    judged: { outcomes: rows.filter(({ strongWin }) => strongWin !== null).length },
  };
}

/** The sources of the choice that say anything; else why none does. */
export function qualitySources(
  rows: readonly CalibrationRow[],
  choice: OutcomeChoice,
): { readonly sources: readonly QualitySource[]; readonly missing: NoQuality | null } {
  const { explicit, judged } = findEvidence(rows);
  const scores = Float64Array.from(rows, ({ score }) => score);
  const sources: QualitySource[] = [];
  const isRated = choice !== 'judged' && Math.min(explicit.strong, explicit.weak) >= fewestOutcomes;
  const isLikely = isRated && fitsPropensities(rows);
  if (isLikely) sources.push(explicitSource(rows, scores));
  if (choice !== 'explicit' && judged.outcomes >= fewestOutcomes) {
    sources.push(judgedSource(rows, scores));
  }
  if (sources.length > 0) return { sources, missing: null };
  if (isRated) return { sources, missing: 'unlike_propensities' };
  const said = choice === 'judged' ? 0 : explicit.outcomes;
  const compared = choice === 'explicit' ? 0 : judged.outcomes;
  if (said + compared === 0) return { sources, missing: 'no_outcomes' };
  const isUnexplored = said > 0 && explicit.strong + explicit.weak === 0;
  return { sources, missing: isUnexplored && compared === 0 ? 'no_exploration' : 'too_few' };
}

/** Partial feedback: each tier from its own answers, weighted by 1 / propensity. */
function explicitSource(rows: readonly CalibrationRow[], scores: Float64Array): QualitySource {
  const of = (tier: Tier): Observations =>
    observe(
      rows,
      (row) => (row.tier === tier && isAnswerOfTier(row) && isByChance(row) ? row.explicit : null),
      (row) => (isByChance(row) ? weightOf(row, tier) : NaN),
    );
  const [ofStrong, ofWeak] = [of('strong'), of('weak')];
  const strongValues = createValueEstimator(scores, scores, ofStrong);
  const weakValues = createValueEstimator(scores, scores, ofWeak);
  return {
    name: 'explicit',
    outcomes: ofStrong.rows.length + ofWeak.rows.length,
    fill(counts, strong, weak) {
      strongValues.fill(counts, strong);
      weakValues.fill(counts, weak);
    },
    variances: {
      strong: strongValues.variances,
      weak: weakValues.variances,
      both: new Float64Array(rows.length), // different answers
    },
  };
}

/** Paired evidence: an answer is worth the points that it won against the other one, 0, 0.5 or 1. */
function judgedSource(rows: readonly CalibrationRow[], scores: Float64Array): QualitySource {
  const compared = observe(
    rows,
    ({ strongWin }) => strongWin,
    () => 1,
  );
  const wins = createValueEstimator(scores, scores, compared);
  const { variances } = wins;
  return {
    name: 'judged',
    outcomes: compared.rows.length,
    fill(counts, strong, weak) {
      wins.fill(counts, strong);
      for (let i = 0; i < strong.length; i++) weak[i] = 1 - strong[i]!;
    },
    variances: { strong: variances, weak: variances, both: variances.map((value) => -value) },
  };
}

/** Feedback is about the answer that was given: after a fallback not that of the decided tier. */
function isAnswerOfTier({ explicit, fellBack }: CalibrationRow): boolean {
  return explicit !== null && !fellBack;
}

/** Decided by chance, in part: only such rows tell what the other tier would have done. */
export function isByChance({ propensity }: CalibrationRow): boolean {
  return propensity !== null && propensity > 0 && propensity < 1;
}

/** 1 / P(tier) of a row that chance decided. */
export function weightOf(row: CalibrationRow, tier: Tier): number {
  const propensity = row.propensity ?? 1;
  return Math.min(largestWeight, 1 / (row.tier === tier ? propensity : 1 - propensity));
}

export function observe(
  rows: readonly CalibrationRow[],
  valueOf: (row: CalibrationRow) => number | null,
  weigh: (row: CalibrationRow) => number,
): Observations {
  const values = rows.map(valueOf);
  const seen = values.flatMap((value, i) => (value === null ? [] : [i]));
  return {
    rows: Uint32Array.from(seen),
    values: Float64Array.from(seen, (i) => values[i]!),
    weights: Float64Array.from(rows, weigh),
  };
}
