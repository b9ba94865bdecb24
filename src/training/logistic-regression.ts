import { solvePositive } from '../math/cholesky.ts';
import { dot, sigmoid } from '../math/vector.ts';

export interface LabelledRows {
  /** x [rows x inputs]. */
  readonly x: Float64Array;
  readonly isTrue: readonly boolean[];
  readonly weights: Float64Array;
}

/** P(true) = sigmoid(weights . x + bias). */
export interface LogisticFit {
  /** [inputs] */
  readonly weights: Float64Array;
  readonly bias: number;
}

const steps = 12;
const smallestStep = 1e-5;

/** Newton's method on  sum of w CE(isTrue, sigmoid(b . (x, 1))) + ridge |b|^2 / 2, the last b free. */
export function fitLogistic(
  { x, isTrue, weights }: LabelledRows,
  inputs: number,
  ridge: number,
): LogisticFit {
  const n = inputs + 1;
  const b = new Float64Array(n);
  for (let step = 0; step < steps; step++) {
    // Its lower triangle.
    const hessian = new Float64Array(n * n);
    const gradient = new Float64Array(n);
    for (const [row, label] of isTrue.entries()) {
      const at = row * inputs;
      const p = sigmoid(b[inputs]! + dot(b, x, 0, at, inputs));
      const slope = weights[row]! * ((label ? 1 : 0) - p);
      // Bounded below: a step never grows without bound where all is sure.
      const curve = weights[row]! * Math.max(1e-3, p * (1 - p));
      for (let i = 0; i < n; i++) {
        const xi = i < inputs ? x[at + i]! : 1;
        gradient[i]! += slope * xi;
        const scaled = curve * xi;
        for (let j = 0; j < Math.min(i + 1, inputs); j++)
          hessian[i * n + j]! += scaled * x[at + j]!;
      }
      hessian[n * n - 1]! += curve;
    }
    for (let i = 0; i < inputs; i++) {
      gradient[i]! -= ridge * b[i]!;
      hessian[i * n + i]! += ridge;
    }
    const move = solvePositive(hessian, gradient, n);
    for (let i = 0; i < n; i++) b[i]! += move[i]!;
    if (move.every((value) => Math.abs(value) < smallestStep)) break;
  }
  return { weights: b.slice(0, inputs), bias: b[inputs]! };
}
