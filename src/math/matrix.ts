// Dense products for small networks. Row-major Float64Array throughout: V8 then needs no conversion
// between single and double precision in the inner loops; 4 x 2 results are kept in registers.

/** out [n x m] += a [n x k] * transpose(b [m x k]). */
export function addProductTransposed(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  n: number,
  m: number,
  k: number,
): void {
  let i = 0;
  for (; i + 1 < n; i += 2) {
    const a0 = i * k;
    const a1 = a0 + k;
    let j = 0;
    for (; j + 3 < m; j += 4) {
      const b0 = j * k;
      const b1 = b0 + k;
      const b2 = b1 + k;
      const b3 = b2 + k;
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      for (let t = 0; t < k; t++) {
        const x0 = a[a0 + t]!;
        const x1 = a[a1 + t]!;
        const y0 = b[b0 + t]!;
        const y1 = b[b1 + t]!;
        const y2 = b[b2 + t]!;
        const y3 = b[b3 + t]!;
        s00 += x0 * y0;
        s01 += x0 * y1;
        s02 += x0 * y2;
        s03 += x0 * y3;
        s10 += x1 * y0;
        s11 += x1 * y1;
        s12 += x1 * y2;
        s13 += x1 * y3;
      }
      const o0 = i * m + j;
      const o1 = o0 + m;
      out[o0]! += s00;
      out[o0 + 1]! += s01;
      out[o0 + 2]! += s02;
      out[o0 + 3]! += s03;
      out[o1]! += s10;
      out[o1 + 1]! += s11;
      out[o1 + 2]! += s12;
      out[o1 + 3]! += s13;
    }
    for (; j < m; j++) {
      out[i * m + j]! += rowDot(a, a0, b, j * k, k);
      out[i * m + m + j]! += rowDot(a, a1, b, j * k, k);
    }
  }
  if (i < n) addRowTransposed(out, a, b, i, m, k);
}

/** Row i of the above. Eight sums at a time: an addition need not wait for the one before it. */
function addRowTransposed(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  i: number,
  m: number,
  k: number,
): void {
  const a0 = i * k;
  const o = i * m;
  let j = 0;
  for (; j + 7 < m; j += 8) {
    const b0 = j * k;
    const b1 = b0 + k;
    const b2 = b1 + k;
    const b3 = b2 + k;
    const b4 = b3 + k;
    const b5 = b4 + k;
    const b6 = b5 + k;
    const b7 = b6 + k;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    let s4 = 0;
    let s5 = 0;
    let s6 = 0;
    let s7 = 0;
    for (let t = 0; t < k; t++) {
      const x = a[a0 + t]!;
      s0 += x * b[b0 + t]!;
      s1 += x * b[b1 + t]!;
      s2 += x * b[b2 + t]!;
      s3 += x * b[b3 + t]!;
      s4 += x * b[b4 + t]!;
      s5 += x * b[b5 + t]!;
      s6 += x * b[b6 + t]!;
      s7 += x * b[b7 + t]!;
    }
    out[o + j]! += s0;
    out[o + j + 1]! += s1;
    out[o + j + 2]! += s2;
    out[o + j + 3]! += s3;
    out[o + j + 4]! += s4;
    out[o + j + 5]! += s5;
    out[o + j + 6]! += s6;
    out[o + j + 7]! += s7;
  }
  for (; j < m; j++) out[o + j]! += rowDot(a, a0, b, j * k, k);
}

/** out [m x k] += transpose(a [n x m]) * b [n x k]. */
export function addTransposedProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  n: number,
  m: number,
  k: number,
): void {
  let i = 0;
  for (; i + 3 < n; i += 4) {
    const b0 = i * k;
    const b1 = b0 + k;
    const b2 = b1 + k;
    const b3 = b2 + k;
    for (let j = 0; j < m; j++) {
      const x0 = a[i * m + j]!;
      const x1 = a[(i + 1) * m + j]!;
      const x2 = a[(i + 2) * m + j]!;
      const x3 = a[(i + 3) * m + j]!;
      if (x0 === 0 && x1 === 0 && x2 === 0 && x3 === 0) continue;
      const o = j * k;
      for (let t = 0; t < k; t++) {
        out[o + t]! += x0 * b[b0 + t]! + x1 * b[b1 + t]! + x2 * b[b2 + t]! + x3 * b[b3 + t]!;
      }
    }
  }
  for (; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const x = a[i * m + j]!;
      if (x === 0) continue;
      for (let t = 0; t < k; t++) out[j * k + t]! += x * b[i * k + t]!;
    }
  }
}

/** out [n x m] += a [n x k] * b [k x m]. */
export function addProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  n: number,
  m: number,
  k: number,
): void {
  for (let i = 0; i < n; i++) {
    for (let t = 0; t < k; t++) {
      const x = a[i * k + t]!;
      if (x === 0) continue;
      for (let j = 0; j < m; j++) out[i * m + j]! += x * b[t * m + j]!;
    }
  }
}

/** [n x (a + b)] of two matrices of n rows. */
export function sideBySide(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const [left, right] = [a.length / n, b.length / n];
  const both = new Float64Array(a.length + b.length);
  for (let i = 0; i < n; i++) {
    both.set(a.subarray(i * left, (i + 1) * left), i * (left + right));
    both.set(b.subarray(i * right, (i + 1) * right), i * (left + right) + left);
  }
  return both;
}

function rowDot(a: Float64Array, a0: number, b: Float64Array, b0: number, k: number): number {
  let sum = 0;
  for (let t = 0; t < k; t++) sum += a[a0 + t]! * b[b0 + t]!;
  return sum;
}
