// RouteLLM's evaluation (arXiv:2406.18665; routellm/evals/evaluate.py), to the letter: 11 thresholds,
// the score quantiles 0, .1 ... 1 (linear interpolation), of which tied ones are kept once; a prompt
// goes to strong when score >= threshold, at the last threshold when score > threshold. With c = share
// sent to strong and r = mean quality,
//   A = trapezoid of r over c,   APGR = (A - A_weak) / (A_strong - A_weak),
// the constants r_weak and r_strong integrated over the same points.
import { leadingCount } from '../math/leading-count.ts';
import { quantile } from '../math/quantile.ts';

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
  return createCurve(rows)();
}

/**
 * Curves of resamples of `rows`: `counts` says how often each row was drawn (once, when left out).
 * The rows are sorted only here, so that a thousand resamples cost a thousand walks.
 */
export function createCurve(rows: ScoredOutcomes): (counts?: ArrayLike<number>) => CurvePoint[] {
  const n = rows.scores.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => rows.scores[i]! - rows.scores[j]!,
  );
  const ascending = (value: (row: number) => number): Float64Array =>
    Float64Array.from(order, value);
  const score = ascending((row) => rows.scores[row]!);
  const weight = ascending((row) => rows.weights?.[row] ?? 1);
  const weightedWeak = ascending((row) => (rows.weights?.[row] ?? 1) * rows.weak[row]!);
  const weightedGain = ascending(
    (row) => (rows.weights?.[row] ?? 1) * (rows.strong[row]! - rows.weak[row]!),
  );
  const once = new Uint8Array(n).fill(1);
  // The drawn scores, ascending, and the weight and gain of what lies below each of them.
  let scratch = new Float64Array(0);
  return (counts = once) => {
    let draws = 0;
    for (let row = 0; row < n; row++) draws += counts[row]!;
    if (scratch.length < 3 * draws + 2) scratch = new Float64Array(3 * draws + 2);
    const scores = scratch.subarray(0, draws);
    const weightBelow = scratch.subarray(draws, 2 * draws + 1);
    const gainBelow = scratch.subarray(2 * draws + 1, 3 * draws + 2);
    weightBelow[0] = gainBelow[0] = 0;
    let [end, total, weak, gain] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      for (let left = counts[order[i]!]!; left > 0; left--) {
        scores[end++] = score[i]!;
        weightBelow[end] = total += weight[i]!;
        gainBelow[end] = gain += weightedGain[i]!;
        weak += weightedWeak[i]!;
      }
    }
    const thresholds = new Set<number>();
    for (let i = 0; i < thresholdCount; i++) {
      thresholds.add(quantile(scores, i / (thresholdCount - 1)));
    }
    const distinct = [...thresholds];
    // At the last threshold ">", so that nothing goes to strong; a single one is used both ways.
    const points = (distinct.length > 1 ? distinct.slice(0, -1) : distinct).map((threshold) => {
      const first = leadingCount(scores, (score) => score < threshold);
      return {
        share: (total - weightBelow[first]!) / total,
        quality: (weak + gain - gainBelow[first]!) / total,
      };
    });
    points.push({ share: 0, quality: weak / total });
    return points.sort((p, q) => p.share - q.share || p.quality - q.quality);
  };
}

/** Average performance gap recovered: 0.5 for a coin flip; above 1 is possible. NaN without a gap. */
export function apgr(rows: ScoredOutcomes): number {
  return curveApgr(performanceCurve(rows));
}

/** The same, of a curve that runs from all weak to all strong. */
export function curveApgr(curve: readonly CurvePoint[]): number {
  return performanceGapRecovered(areaUnder(curve), curve[0]!.quality, curve.at(-1)!.quality);
}

/** A: trapezoids of quality over the share 0..1. */
export function areaUnder(curve: readonly CurvePoint[]): number {
  let area = 0;
  for (let i = 1; i < curve.length; i++) {
    const step = curve[i]!.share - curve[i - 1]!.share;
    area += (step * (curve[i]!.quality + curve[i - 1]!.quality)) / 2;
  }
  return area;
}

/** Quality at a share of strong calls, on the straight line between curve points. */
export function qualityAt(curve: readonly CurvePoint[], share: number): number {
  const after = curve.findIndex((point) => point.share >= share);
  if (after < 0) return curve.at(-1)!.quality;
  const [before, point] = [curve[Math.max(0, after - 1)]!, curve[after]!];
  const width = point.share - before.share;
  if (width === 0) return point.quality;
  return before.quality + ((share - before.share) / width) * (point.quality - before.quality);
}

/** Several curves as one: the means of their i-th points; the curves have equally many. */
function meanCurve(curves: readonly (readonly CurvePoint[])[]): CurvePoint[] {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return curves[0]!.map((_, i) => ({
    share: mean(curves.map((curve) => curve[i]!.share)),
    quality: mean(curves.map((curve) => curve[i]!.quality)),
  }));
}

/** Sums of weighted fractions that are equal on paper differ by less; data of a million rows do not. */
const smallestGap = 1e-9;

/** (quality - weak) / (strong - weak); NaN without a gap. */
export function performanceGapRecovered(quality: number, weak: number, strong: number): number {
  const gap = strong - weak;
  return Math.abs(gap) < smallestGap ? NaN : (quality - weak) / gap;
}

/**
 * Call-performance threshold: the share of strong calls at which `recovered` (0..1) of the gap is
 * first reached, by linear interpolation between curve points; null when it never is. (RouteLLM
 * interpolates over qualities that need not rise; the first crossing is well defined.)
 *
 * @param curve runs from all weak to all strong
 */
export function curveCalls(curve: readonly CurvePoint[], recovered: number): number | null {
  const [weak, strong] = [curve[0]!.quality, curve.at(-1)!.quality];
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

const randomRuns = 10;

/** A router by chance as RouteLLM draws it: the points of 10 runs, averaged. */
export function createRandomCurve(
  rows: Omit<ScoredOutcomes, 'scores'>,
  random: () => number,
): (counts?: ArrayLike<number>) => CurvePoint[] {
  const runs = Array.from({ length: randomRuns }, () =>
    createCurve({ ...rows, scores: floors.random(rows.strong.length, random) }),
  );
  return (counts) => {
    const curves = runs.map((curve) => curve(counts));
    // Resamples of very few rows can tie in some runs; averaging needs equally many points.
    const most = Math.max(...curves.map((curve) => curve.length));
    return meanCurve(curves.filter((curve) => curve.length === most));
  };
}

/** A bin of equal width: of a predicted probability, how often it happened. */
export interface ReliabilityBin {
  readonly weight: number;
  /** Mean probability, and weighted frequency; NaN for an empty bin. */
  readonly probability: number;
  readonly frequency: number;
}

export function reliabilityBins(
  probabilities: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights?: ArrayLike<number>,
  bins = 10,
): ReliabilityBin[] {
  const weight = new Float64Array(bins);
  const predicted = new Float64Array(bins);
  const seen = new Float64Array(bins);
  for (let i = 0; i < probabilities.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(probabilities[i]! * bins));
    const w = weights?.[i] ?? 1;
    weight[bin]! += w;
    predicted[bin]! += w * probabilities[i]!;
    seen[bin]! += w * happened[i]!;
  }
  return Array.from(weight, (w, bin) => ({
    weight: w,
    probability: predicted[bin]! / w,
    frequency: seen[bin]! / w,
  }));
}

/** Expected calibration error: weighted mean of |mean probability - frequency| over the bins. */
export function calibrationError(
  probabilities: ArrayLike<number>,
  happened: ArrayLike<number>,
  weights?: ArrayLike<number>,
  bins = 10,
): number {
  return errorOfBins(reliabilityBins(probabilities, happened, weights, bins));
}

export function errorOfBins(bins: readonly ReliabilityBin[]): number {
  let [error, total] = [0, 0];
  for (const { weight, probability, frequency } of bins) {
    if (weight === 0) continue;
    error += weight * Math.abs(probability - frequency);
    total += weight;
  }
  return error / total;
}
