import { equalWeights } from '../../src/evaluation/compared-rows.ts';
import type { Interval } from '../../src/math/interval.ts';
import { mean } from '../../src/math/vector.ts';
import { seededRandom } from '../../src/math/random.ts';
import { createCurve, curveApgr } from '../../src/training/evaluate-metrics.ts';
import { createQuestionDraw, interval95 } from '../../src/training/question-bootstrap.ts';

/** A prompt that both models of a pair answered. */
export interface PairRow {
  readonly key: string;
  readonly source: string;
  readonly strong: number;
  readonly weak: number;
}

/** APGR by way of scoring, and how far the first is above the second, over resampled questions. */
export interface Comparison {
  readonly values: readonly number[];
  readonly difference: number;
  readonly differences: readonly number[];
}

const resamples = 500;

/** How often each row was drawn, [resamples][rows]: of all rows at once, so that pairs share their questions. */
export function drawQuestions(
  rows: readonly { readonly key: string; readonly source: string }[],
): readonly Uint16Array[] {
  const draw = createQuestionDraw(rows, seededRandom(1));
  return Array.from({ length: resamples }, draw);
}

/**
 * Sources weigh the same. `scores` are those of each way of scoring [ways][rows]; `draws` are those of these
 * rows [resamples][rows].
 */
export function compare(
  rows: readonly PairRow[],
  scores: readonly (readonly number[])[],
  draws: readonly Uint16Array[],
): Comparison {
  const weights = equalWeights(rows);
  const curves = scores.map((values) =>
    createCurve({
      scores: values,
      strong: rows.map(({ strong }) => strong),
      weak: rows.map(({ weak }) => weak),
      weights,
    }),
  );
  const above = (drawn?: Uint16Array): number => {
    const [first, second] = curves.slice(0, 2).map((curve) => curveApgr(curve(drawn)));
    return first! - second!;
  };
  return {
    values: curves.map((curve) => curveApgr(curve())),
    difference: above(),
    differences: draws.map(above),
  };
}

/** Mean over pairs, resample by resample. */
export function meanOf(comparisons: readonly Comparison[]): Comparison {
  const ways = comparisons[0]!.values.map((_, way) => mean(comparisons.map((c) => c.values[way]!)));
  return {
    values: ways,
    difference: mean(comparisons.map(({ difference }) => difference)),
    differences: comparisons[0]!.differences.map((_, i) =>
      mean(comparisons.map(({ differences }) => differences[i]!)),
    ),
  };
}

export function intervalOf({ differences }: Comparison): Interval {
  return interval95(differences) ?? [NaN, NaN];
}
