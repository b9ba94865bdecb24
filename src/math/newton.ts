// Newton's method for losses that are sums of cross entropies.

/** Losses that differ by less are taken for equal. */
const lossTolerance = 1e-8;
const smallestShare = 2 ** -20;

/**
 * A Newton step, halved until the loss does not rise: far from its goal a whole one can overshoot, and each
 * next one further.
 */
export function stepDown(
  from: Float64Array,
  change: Float64Array,
  lossAt: (at: Float64Array) => number,
): Float64Array {
  const highest = lossAt(from) + lossTolerance;
  for (let share = 1; share > smallestShare; share /= 2) {
    const to = from.map((value, t) => value - share * change[t]!);
    if (lossAt(to) <= highest) return to;
  }
  return from;
}

/** -y ln p - (1 - y) ln(1 - p) of the probability p = sigmoid(z), in nats; finite for every z. */
export function crossEntropyOf(y: number, z: number): number {
  return Math.log1p(Math.exp(-Math.abs(z))) + Math.max(0, z) - y * z;
}
