/**
 * Eigenvectors of a symmetric matrix [n x n] by cyclic Jacobi rotations (Golub & Van Loan, 8.5),
 * by falling eigenvalue. `vectors` is row-major; column j belongs to `values[j]`.
 */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const maxSweeps = 30;
  for (let sweep = 0; sweep < maxSweeps && offDiagonalShare(a, n) > 1e-20; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => a[j * n + j]! - a[i * n + i]!,
  );
  const vectors = new Float64Array(n * n);
  for (const [j, from] of order.entries()) {
    for (let i = 0; i < n; i++) vectors[i * n + j] = v[i * n + from]!;
  }
  return { values: Float64Array.from(order, (i) => a[i * n + i]!), vectors };
}

/** One rotation that makes a[p][q] zero. */
function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]!;
  if (apq === 0) return;
  const theta = (a[q * n + q]! - a[p * n + p]!) / (2 * apq);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s);
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s);
  for (let k = 0; k < n; k++) turn(v, k * n + p, k * n + q, c, s);
}

function turn(a: Float64Array, i: number, j: number, c: number, s: number): void {
  const x = a[i]!;
  const y = a[j]!;
  a[i] = c * x - s * y;
  a[j] = s * x + c * y;
}

function offDiagonalShare(a: Float64Array, n: number): number {
  let off = 0;
  let all = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const square = a[i * n + j]! ** 2;
      all += square;
      if (i !== j) off += square;
    }
  }
  return all === 0 ? 0 : off / all;
}

/** Makes the columns of `a` [rows x n] orthonormal in place (modified Gram-Schmidt, twice). */
export function orthonormalize(a: Float64Array, rows: number, n: number): void {
  // Transposed, so that a column is contiguous.
  const t = new Float64Array(rows * n);
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) t[j * rows + i] = a[i * n + j]!;
  for (let j = 0; j < n; j++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < j; k++) {
        let dot = 0;
        for (let i = 0; i < rows; i++) dot += t[j * rows + i]! * t[k * rows + i]!;
        for (let i = 0; i < rows; i++) t[j * rows + i]! -= dot * t[k * rows + i]!;
      }
    }
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += t[j * rows + i]! ** 2;
    const scale = squares > 1e-24 ? 1 / Math.sqrt(squares) : 0;
    for (let i = 0; i < rows; i++) t[j * rows + i]! *= scale;
  }
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) a[i * n + j] = t[j * rows + i]!;
}
