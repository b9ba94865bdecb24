// RouteLLM's evaluation (arXiv:2406.18665; routellm/evals/evaluate.py), to the letter: 11 thresholds,
// the score quantiles 0, .1 ... 1 (linear interpolation), of which tied ones are kept once; a prompt
// goes to strong when score >= threshold, at the last threshold when score > threshold. With c = share
// sent to strong and r = mean quality,
//   A = trapezoid of r over c,   APGR = (A - A_weak) / (A_strong - A_weak),
// the constants r_weak and r_strong integrated over the same points.
import { quantile, sorted } from '../math/quantile.ts';

/** Rows of one pair; all of one length. */
export interface ScoredOutcomes {
  /** Win rate of each prompt; only its order matters. */
  readonly scores: ArrayLike<number>;
  /** Quality of either answer. */
  readonly strong: ArrayLike<number>;
  readonly weak: ArrayLike<number>;
  /** Weight of each row; all 1 when left out. */
  readonly weights?: ArrayLike<number>;
}

export interface CurvePoint {
  /** Share of the (weighted) prompts that goes to strong. */
  readonly share: number;
  readonly quality: number;
}

const thresholdCount = 11;

/** Ascending by share, from 0 (all weak) to 1 (all strong). */
export function performanceCurve(rows: ScoredOutcomes): CurvePoint[] {
  const ordered = sorted(rows.scores);
  const thresholds = new Set<number>();
  for (let i = 0; i < thresholdCount; i++) {
    thresholds.add(quantile(ordered, i / (thresholdCount - 1)));
  }
  const distinct = [...thresholds];
  // At the last threshold ">", so that nothing goes to strong; a single one is used both ways.
  const points = (distinct.length > 1 ? distinct.slice(0, -1) : distinct).map((threshold) =>
    pointAt(rows, (score) => score >= threshold),
  );
  points.push(pointAt(rows, (score) => score > ordered.at(-1)!));
  return points.sort((p, q) => p.share - q.share || p.quality - q.quality);
}

function pointAt(rows: ScoredOutcomes, toStrong: (score: number) => boolean): CurvePoint {
  let total = 0;
  let sent = 0;
  let quality = 0;
  for (let i = 0; i < rows.scores.length; i++) {
    const weight = rows.weights?.[i] ?? 1;
    const strong = toStrong(rows.scores[i]!);
    total += weight;
    if (strong) sent += weight;
    quality += weight * (strong ? rows.strong[i]! : rows.weak[i]!);
  }
  return { share: sent / total, quality: quality / total };
}

/** Average performance gap recovered: 0.5 for a coin flip; above 1 is possible. NaN without a gap. */
export function apgr(rows: ScoredOutcomes): number {
  const weak = pointAt(rows, () => false).quality;
  const strong = pointAt(rows, () => true).quality;
  const curve = performanceCurve(rows);
  let area = 0;
  for (let i = 1; i < curve.length; i++) {
    const step = curve[i]!.share - curve[i - 1]!.share;
    area += (step * (curve[i]!.quality + curve[i - 1]!.quality)) / 2;
  }
  const width = curve.at(-1)!.share - curve[0]!.share;
  return (area - weak * width) / ((strong - weak) * width);
}

/** (quality - weak) / (strong - weak). */
export function performanceGapRecovered(quality: number, weak: number, strong: number): number {
  return (quality - weak) / (strong - weak);
}

/**
 * Call-performance threshold: the share of strong calls at which `recovered` (0..1) of the gap is
 * first reached, by linear interpolation between curve points; null when it never is. (RouteLLM
 * interpolates over qualities that need not rise; the first crossing is well defined.)
 */
export function callsForRecovery(rows: ScoredOutcomes, recovered: number): number | null {
  const weak = pointAt(rows, () => false).quality;
  const strong = pointAt(rows, () => true).quality;
  const curve = performanceCurve(rows);
  const reached = (point: CurvePoint): number =>
    performanceGapRecovered(point.quality, weak, strong) - recovered;
  for (const [i, point] of curve.entries()) {
    if (!(reached(point) >= 0)) continue;
    const before = curve[i - 1];
    if (!before) return point.share;
    const part = -reached(before) / (reached(point) - reached(before));
    return before.share + part * (point.share - before.share);
  }
  return null;
}

/** Scores of routers that know nothing, and of the one that knows all; higher goes to strong. */
export const floors = {
  length: (prompts: readonly string[]): number[] => prompts.map((prompt) => prompt.length),
  random: (count: number, random: () => number): number[] => Array.from({ length: count }, random),
  oracle: (strong: ArrayLike<number>, weak: ArrayLike<number>): number[] =>
    Array.from(strong, (quality, i) => quality - weak[i]!),
};

/**
 * Mean APGR of `runs` shuffled orders: what chance gives on these rows (0.5 but for rounding).
 */
export function randomApgr(rows: Omit<ScoredOutcomes, 'scores'>, random: () => number): number {
  const runs = 10;
  let sum = 0;
  for (let run = 0; run < runs; run++) {
    sum += apgr({ ...rows, scores: floors.random(rows.strong.length, random) });
  }
  return sum / runs;
}

/** Expected calibration error: weighted mean of |mean probability - frequency| over equal-width bins. */
export function calibrationError(
  probabilities: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights?: ArrayLike<number>,
  bins = 10,
): number {
  const weight = new Float64Array(bins);
  const difference = new Float64Array(bins);
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(probabilities[i]! * bins));
    const w = weights?.[i] ?? 1;
    weight[bin]! += w;
    difference[bin]! += w * (probabilities[i]! - happened[i]!);
    total += w;
  }
  let error = 0;
  for (const value of difference) error += Math.abs(value);
  return error / total;
}
