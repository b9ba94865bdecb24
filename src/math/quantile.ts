/** Ascending copy; typed arrays sort by number. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** numpy's default: linear interpolation at position (n - 1) * p of the ascending `ordered`. */
export function quantile(ordered: Float64Array, p: number): number {
  if (ordered.length === 0) throw new RangeError('quantile of no numbers');
  const position = (ordered.length - 1) * Math.min(1, Math.max(0, p));
  const below = Math.floor(position);
  const low = ordered[below]!;
  const high = ordered[Math.min(below + 1, ordered.length - 1)]!;
  return low + (position - below) * (high - low);
}

/** The 11 quantiles 0, 0.1 … 1 of at least one number: a distribution in a line. */
export function deciles(values: ArrayLike<number>): number[] {
  const ordered = sorted(values);
  return Array.from({ length: 11 }, (_, i) => quantile(ordered, i / 10));
}

/**
 * The value where `p` of the whole weight lies below or at it (lower weighted quantile).
 * `values` and `weights` have the same length; weights are not negative.
 */
export function weightedQuantile(
  values: ArrayLike<number>,
  weights: ArrayLike<number>,
  p: number,
): number {
  const order = Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => values[i]! - values[j]!,
  );
  let total = 0;
  for (const i of order) total += weights[i]!;
  let sum = 0;
  for (const i of order) {
    sum += weights[i]!;
    if (sum >= p * total) return values[i]!;
  }
  throw new RangeError('weightedQuantile of no numbers');
}
