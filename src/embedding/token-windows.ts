/**
 * Cuts ids into windows of `size`. Of more than `maxWindows`, the first half and the last half
 * are kept, so that the cost of a text is bounded and its beginning and end both count.
 */
export function splitIntoWindows(
  ids: readonly number[],
  size: number,
  maxWindows: number,
): number[][] {
  const count = Math.ceil(ids.length / size);
  const head = Math.ceil(maxWindows / 2);
  const firstOfTail = count - (maxWindows - head);
  const windows: number[][] = [];
  for (let i = 0; i < count; i++) {
    const isKept = count <= maxWindows || i < head || i >= firstOfTail;
    if (isKept) windows.push(ids.slice(i * size, (i + 1) * size));
  }
  return windows;
}

/** Scales to length 1; a vector of zeros stays as it is. */
export function normalizeInPlace(vector: Float32Array): Float32Array {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const norm = Math.sqrt(sum);
  if (norm > 0) for (let i = 0; i < vector.length; i++) vector[i]! /= norm;
  return vector;
}

/** sum_w n_w v_w / sum_w n_w: from the means of windows of n_w tokens, the mean of all tokens. */
export function poolWindows(
  vectors: readonly Float32Array[],
  tokenCounts: readonly number[],
): Float32Array {
  const [first] = vectors;
  if (first === undefined) throw new RangeError('poolWindows needs at least one window');
  const all = tokenCounts.reduce((sum, count) => sum + count, 0);
  const pooled = new Float32Array(first.length);
  vectors.forEach((vector, w) => {
    const weight = tokenCounts[w]! / all;
    for (let i = 0; i < pooled.length; i++) pooled[i]! += weight * vector[i]!;
  });
  return pooled;
}
