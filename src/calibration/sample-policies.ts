import { seededRandom } from '../math/random.ts';
import type { CalibrationRow } from './calibration-row.ts';
import { estimate, fiellerInterval, type Estimate } from './interval.ts';
import {
  advantageFigure,
  gainVariances,
  pgrFigure,
  spreadOf,
  type LinearFigure,
  type RowEstimates,
} from './linear-figure.ts';
import { policyValues, segmentsOf } from './policy-values.ts';

/** Who sends what to strong, at each threshold. */
export interface Policies {
  /** Ascending. */
  readonly thresholds: readonly number[];
  /** How many of the thresholds each row's score reaches. */
  readonly byScore: Uint16Array;
  /** The same of the policy by length, which sends as many; null where lengths are not known. */
  readonly byLength: Uint16Array | null;
}

/** Mean values of all policies in one resample. */
export interface SampledValues {
  readonly weak: number;
  readonly strong: number;
  /** By threshold. */
  readonly at: Float64Array;
  /** The longest prompts to strong, as many as by the threshold; null where lengths are not known. */
  readonly byLength: Float64Array | null;
}

export interface Samples {
  readonly whole: SampledValues;
  readonly resampled: readonly SampledValues[];
  /** Null for what is not estimated from few outcomes, as costs. */
  readonly rows: RowEstimates | null;
}

export interface TierValues {
  fill(counts: ArrayLike<number>, strong: Float64Array, weak: Float64Array): void;
  readonly variances?: RowEstimates['variances'];
}

/**
 * The policies "strong at or above the threshold", and as the floor "the longest prompts to strong".
 * Equally long prompts are taken by lot.
 */
export function createPolicies(
  rows: readonly CalibrationRow[],
  thresholds: readonly number[],
  seed: number,
): Policies {
  const ascending = [...new Set(thresholds)].sort((a, b) => a - b);
  const byScore = segmentsOf(
    Float64Array.from(rows, ({ score }) => score),
    ascending,
  );
  if (rows.some(({ promptChars }) => promptChars === null)) {
    return { thresholds: ascending, byScore, byLength: null };
  }
  const random = seededRandom(seed);
  const lengths = Float64Array.from(rows, ({ promptChars }) => promptChars! + random());
  const byRank = Uint32Array.from(rows.keys()).sort((a, b) => lengths[a]! - lengths[b]!);
  const segments = byScore.slice().sort();
  const byLength = new Uint16Array(rows.length);
  for (const [rank, row] of byRank.entries()) byLength[row] = segments[rank]!;
  return { thresholds: ascending, byScore, byLength };
}

/** Values of the policies by each source, on the same resamples. */
export function samplePolicies(
  { thresholds, byScore, byLength }: Policies,
  sources: readonly TierValues[],
  draw: (counts: Uint16Array) => void,
  resamples: number,
  onResample: () => void,
): Samples[] {
  const n = byScore.length;
  const [strong, weak] = [new Float64Array(n), new Float64Array(n)];
  const valuesOf = (source: TierValues, counts: ArrayLike<number>): SampledValues => {
    source.fill(counts, strong, weak);
    const values = policyValues(strong, weak, counts, byScore, thresholds.length);
    const lengthValues =
      byLength && policyValues(strong, weak, counts, byLength, thresholds.length).at;
    return { ...values, byLength: lengthValues };
  };
  const counts = new Uint16Array(n).fill(1);
  const wholes = sources.map((source) => {
    const whole = valuesOf(source, counts);
    const { variances } = source;
    return {
      whole,
      rows: variances ? { strong: strong.slice(), weak: weak.slice(), variances } : null,
    };
  });
  const resampled = sources.map((): SampledValues[] => []);
  for (let run = 0; run < resamples; run++) {
    draw(counts);
    for (const [i, source] of sources.entries()) resampled[i]!.push(valuesOf(source, counts));
    onResample();
  }
  return wholes.map((whole, i) => ({ ...whole, resampled: resampled[i]! }));
}

/**
 * A figure of the values with its interval; null where it is not defined.
 * @param linear the figure, to first order; left out: nothing is known beyond the resamples
 */
export function estimateOf(
  { whole, resampled, rows }: Samples,
  figure: (values: SampledValues) => number,
  linear?: LinearFigure,
): Estimate | null {
  const spread = rows && linear ? spreadOf(linear, rows) : undefined;
  return estimate(figure(whole), resampled.map(figure), spread);
}

/**
 * A PGR, (V - weak) / (strong - weak), of the policy that sends the rows of `isStrong` to strong.
 * @param valueOf V
 * @param above is taken off the result
 */
export function pgrOf(
  samples: Samples,
  valueOf: (values: SampledValues) => number,
  isStrong: (row: number) => boolean,
  above = 0,
): Estimate | null {
  const figure = (values: SampledValues): number =>
    (valueOf(values) - values.weak) / (values.strong - values.weak) - above;
  const { whole, resampled } = samples;
  const rows = samples.rows!;
  const advantage = whole.strong - whole.weak;
  const pgr = figure(whole) + above;
  const { acceleration } = spreadOf(pgrFigure(isStrong, pgr, advantage), rows);
  const { sent, kept } = gainVariances(isStrong, rows);
  const expected = fiellerInterval(pgr, advantage, sent, kept);
  return estimate(figure(whole), resampled.map(figure), {
    leastError: 0,
    acceleration,
    inside: expected && [expected[0] - above, expected[1] - above],
  });
}

/**
 * Several kinds of outcomes as one, each weighing 1 / (expected variance of its advantage): the weighted mean of
 * their qualities. It is the quality that either measures where they measure the same.
 */
export function mixSamples(
  kinds: readonly Samples[],
): { readonly samples: Samples; readonly weights: readonly number[] } | null {
  if (kinds.length <= 1) return kinds[0] ? { samples: kinds[0], weights: [1] } : null;
  // Not by the resamples: a kind whose values happen to agree would count for too much.
  const precisions = kinds.map(
    ({ rows }) => 1 / Math.max(1e-12, spreadOf(advantageFigure, rows!).leastError ** 2),
  );
  const total = precisions.reduce((sum, precision) => sum + precision, 0);
  const weights = precisions.map((precision) => precision / total);
  const mix = (lists: readonly Float64Array[], power = 1): Float64Array =>
    lists[0]!.map((_, k) =>
      lists.reduce((sum, list, i) => sum + weights[i]! ** power * list[k]!, 0),
    );
  const mixValues = (values: readonly SampledValues[]): SampledValues => ({
    weak: mix(values.map(({ weak }) => Float64Array.of(weak)))[0]!,
    strong: mix(values.map(({ strong }) => Float64Array.of(strong)))[0]!,
    at: mix(values.map(({ at }) => at)),
    byLength: values.every(({ byLength }) => byLength !== null)
      ? mix(values.map(({ byLength }) => byLength!))
      : null,
  });
  const rows = kinds.map((kind) => kind.rows!);
  const samples = {
    whole: mixValues(kinds.map(({ whole }) => whole)),
    resampled: kinds[0]!.resampled.map((_, run) =>
      mixValues(kinds.map(({ resampled }) => resampled[run]!)),
    ),
    rows: {
      strong: mix(rows.map(({ strong }) => strong)),
      weak: mix(rows.map(({ weak }) => weak)),
      variances: {
        strong: mix(
          rows.map(({ variances }) => variances.strong),
          2,
        ),
        weak: mix(
          rows.map(({ variances }) => variances.weak),
          2,
        ),
        both: mix(
          rows.map(({ variances }) => variances.both),
          2,
        ),
      },
    },
  };
  return { samples, weights };
}
