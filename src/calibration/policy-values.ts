/** Mean values of policies over the drawn rows. */
export interface PolicyValues {
  readonly weak: number;
  readonly strong: number;
  /** Of "strong where the key is at or above threshold k", for each k. */
  readonly at: Float64Array;
}

/** How many of the ascending `thresholds` each key reaches. */
export function segmentsOf(keys: Float64Array, thresholds: readonly number[]): Uint16Array {
  return Uint16Array.from(keys, (key) => {
    let [low, high] = [0, thresholds.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (key >= thresholds[middle]!) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/**
 * V(t) = mean of strong_i where the key is at or above t, else weak_i.
 * @param segments see `segmentsOf`
 */
export function policyValues(
  strong: Float64Array,
  weak: Float64Array,
  counts: ArrayLike<number>,
  segments: Uint16Array,
  thresholdCount: number,
): PolicyValues {
  const gains = new Float64Array(thresholdCount + 1);
  let [total, weakSum] = [0, 0];
  for (let i = 0; i < segments.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    total += count;
    weakSum += count * weak[i]!;
    gains[segments[i]!]! += count * (strong[i]! - weak[i]!);
  }
  const at = new Float64Array(thresholdCount);
  let gain = 0;
  for (let k = thresholdCount; k > 0; k--) {
    gain += gains[k]!;
    at[k - 1] = (weakSum + gain) / total;
  }
  return { weak: weakSum / total, strong: (weakSum + gain + gains[0]!) / total, at };
}
