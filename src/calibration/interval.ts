import type { Interval } from '../math/interval.ts';
import { normalCdf, normalQuantile } from '../math/normal.ts';
import { quantile, sorted } from '../math/quantile.ts';

/** A figure with its 95 % bootstrap interval. */
export interface Estimate {
  readonly value: number;
  readonly interval95: Interval;
}

export interface Spread {
  /** A standard error that the figure has at least; 0: what the resamples show. */
  readonly leastError: number;
  /** Of BCa; 0 for a figure that is not skewed. */
  readonly acceleration: number;
  /** An interval that is part of the result; for ratios, whose error depends on their value. */
  readonly inside?: Interval | null;
}

const z95 = 1.959964;

/**
 * Bias-corrected and accelerated bootstrap interval (BCa; Efron 1987), at least as wide as
 * `leastError` asks. Resamples in which the figure is not defined are left out; null when it is
 * defined in none, or not in the sample.
 */
export function estimate(
  value: number,
  resampled: ArrayLike<number>,
  { leastError, acceleration, inside }: Spread = { leastError: 0, acceleration: 0 },
): Estimate | null {
  if (!Number.isFinite(value)) return null;
  const ordered = sorted(Array.from(resampled).filter(Number.isFinite));
  if (ordered.length === 0) return null;
  const error = standardError(ordered);
  const [low, high] = inside ?? [value, value];
  if (!(error > 1e-3 * leastError)) {
    const reach = z95 * leastError;
    return { value, interval95: [Math.min(low, value - reach), Math.max(high, value + reach)] };
  }
  const growth = Math.max(1, leastError / error);
  const bias = biasOf(value, ordered);
  const end = (z: number): number => {
    const shifted = bias + (bias + z) / Math.max(0.1, 1 - acceleration * (bias + z));
    return value + growth * (quantile(ordered, normalCdf(shifted)) - value);
  };
  return { value, interval95: [Math.min(value, low, end(-z95)), Math.max(value, high, end(z95))] };
}

/**
 * Fieller's interval of a ratio N / D: all r for which N - r D is within 1.96 of its standard errors
 * of 0, its variance being (1 - r)^2 v1 + r^2 v0. Null where D is too uncertain for a bounded one.
 */
export function fiellerInterval(ratio: number, d: number, v1: number, v0: number): Interval | null {
  // d^2 (ratio - r)^2 = z^2 ((1 - r)^2 v1 + r^2 v0), as a r^2 - 2 b r + c = 0
  const square = z95 * z95;
  const a = d * d - square * (v1 + v0);
  const b = d * d * ratio - square * v1;
  const c = d * d * ratio * ratio - square * v1;
  const root = b * b - a * c;
  if (a <= 0 || root < 0) return null;
  return [(b - Math.sqrt(root)) / a, (b + Math.sqrt(root)) / a];
}

/** z0: where the value stands among its resamples, ties halved; bounded, since a bootstrap's bias is small. */
function biasOf(value: number, ordered: Float64Array): number {
  let [below, equal] = [0, 0];
  for (const other of ordered) {
    if (other < value) below++;
    else if (other === value) equal++;
  }
  const z0 = normalQuantile((below + equal / 2) / ordered.length);
  return Math.min(0.5, Math.max(-0.5, z0));
}

/** As if the interval were a normal one. */
export function standardErrorOf({ interval95: [low, high] }: Estimate): number {
  return (high - low) / (2 * z95);
}

/** Standard deviation of the resamples: the bootstrap's standard error. */
export function standardError(resampled: ArrayLike<number>): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let i = 0; i < resampled.length; i++) {
    const value = resampled[i]!;
    if (!Number.isFinite(value)) continue;
    count++;
    sum += value;
    squares += value * value;
  }
  if (count < 2) return NaN;
  return Math.sqrt(Math.max(0, squares - (sum * sum) / count) / (count - 1));
}
