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

/** Log odds of a probability that is held away from 0 and 1, so that they are finite. */
export function logOdds(probability: number, least = 0.001): number {
  return logit(clamp(probability, least, 1 - least));
}

/** -y ln p - (1 - y) ln(1 - p) of p = sigmoid(z), in nats; finite for every z. */
export function crossEntropyOf(y: number, z: number): number {
  return Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))) - y * z;
}

/** e^v / sum of e^v, without overflow. */
export function softmax(values: Float64Array): Float64Array {
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const odds = values.map((value) => Math.exp(value - largest));
  const sum = odds.reduce((total, value) => total + value, 0);
  return odds.map((value) => value / sum);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}
