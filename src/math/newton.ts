import { solvePositive } from './cholesky.ts';

/** What is minimized: convex, and its derivatives at a point. */
export interface NewtonLoss {
  readonly lossAt: (at: Float64Array) => number;
  /** Gradient [n], and the Hessian [n x n], positive definite, of which the lower triangle is read. */
  readonly slopesAt: (at: Float64Array) => {
    readonly gradient: Float64Array;
    readonly hessian: Float64Array;
  };
}

/** Losses that differ by less are taken for equal. */
const lossTolerance = 1e-8;
const smallestShare = 2 ** -20;

/** Newton's method from `start` [n], until no number moves by `tolerance` or after so many steps. */
export function minimize(
  { lossAt, slopesAt }: NewtonLoss,
  start: Float64Array,
  { steps, tolerance }: { readonly steps: number; readonly tolerance: number },
): Float64Array {
  let at = start;
  for (let step = 0; step < steps; step++) {
    const { gradient, hessian } = slopesAt(at);
    const change = solvePositive(hessian, gradient, at.length);
    at = stepDown(at, change, lossAt);
    if (change.every((value) => Math.abs(value) < tolerance)) break;
  }
  return at;
}

/**
 * A Newton step, halved until the loss does not rise: far from its goal a whole one can overshoot, and each
 * next one further.
 */
function stepDown(
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
