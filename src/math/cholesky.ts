// Of a symmetric matrix A [n x n, row-major] only the lower triangle is read.

/**
 * Solves A x = b for a symmetric positive definite A by its Cholesky factor (Golub & Van Loan, 4.2).
 * Neither argument changes.
 * @throws RangeError when A is not positive definite
 */
export function solvePositive(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const l = choleskyFactor(a, n);
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * n + k]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= l[k * n + i]! * x[k]!;
    x[i]! /= l[i * n + i]!;
  }
  return x;
}

/**
 * The inverse of a symmetric positive definite A, by its Cholesky factor: A^-1 = L^-T L^-1.
 * @throws RangeError when A is not positive definite
 */
export function inversePositive(a: Float64Array, n: number): Float64Array {
  const l = choleskyFactor(a, n);
  // L^-1, column by column; its upper triangle is 0.
  const under = new Float64Array(n * n);
  for (let j = 0; j < n; j++) {
    under[j * n + j] = 1 / l[j * n + j]!;
    for (let i = j + 1; i < n; i++) {
      let sum = 0;
      for (let k = j; k < i; k++) sum -= l[i * n + k]! * under[k * n + j]!;
      under[i * n + j] = sum / l[i * n + i]!;
    }
  }
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum += under[k * n + i]! * under[k * n + j]!;
      inverse[i * n + j] = sum;
      inverse[j * n + i] = sum;
    }
  }
  return inverse;
}

/** Lower triangle L with L L^T = A. @throws RangeError when A is not positive definite */
export function choleskyFactor(a: Float64Array, n: number): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * n + k]! * l[j * n + k]!;
      if (i > j) l[i * n + j] = sum / l[j * n + j]!;
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else throw new RangeError('the matrix is not positive definite');
    }
  }
  return l;
}
