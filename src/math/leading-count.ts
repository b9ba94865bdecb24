/** How many numbers at the head of `ordered` fit, by bisection: `fits` holds for a head only. */
export function leadingCount(ordered: Float64Array, fits: (value: number) => boolean): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fits(ordered[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
