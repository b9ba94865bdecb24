/** Inner product of `count` numbers of `a` and `b` from their offsets on. */
export function dot(
  a: Float64Array,
  b: Float64Array,
  aOffset: number,
  bOffset: number,
  count: number,
): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += a[aOffset + i]! * b[bOffset + i]!;
  return sum;
}

export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

export function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
