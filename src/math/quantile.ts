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
