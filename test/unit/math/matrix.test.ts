import { describe, expect, it } from 'vitest';
import {
  addProduct,
  addProductTransposed,
  addTransposedProduct,
} from '../../../src/math/matrix.ts';
import { orthonormalize, symmetricEigen } from '../../../src/math/eigen.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';

function randomMatrix(length: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => normal(random));
}

// Sizes that leave remainders in every blocked loop.
const sizes: [number, number, number][] = [
  [1, 1, 1],
  [3, 5, 7],
  [4, 8, 6],
  [9, 6, 13],
  [1, 19, 5],
  [3, 17, 4],
];

describe('dense products', () => {
  it.each(sizes)('agree with the definition for n %i, m %i, k %i', (n, m, k) => {
    const a = randomMatrix(n * k, 1);
    const b = randomMatrix(m * k, 2);
    const expected = new Float64Array(n * m).fill(1);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < m; j++)
        for (let t = 0; t < k; t++) expected[i * m + j]! += a[i * k + t]! * b[j * k + t]!;

    const transposed = new Float64Array(n * m).fill(1);
    addProductTransposed(transposed, a, b, n, m, k);
    expectClose(transposed, expected);

    const plain = new Float64Array(n * m).fill(1);
    addProduct(plain, a, transpose(b, m, k), n, m, k);
    expectClose(plain, expected);

    const first = new Float64Array(n * m).fill(1);
    addTransposedProduct(first, transpose(a, n, k), transpose(b, m, k), k, n, m);
    expectClose(first, expected);
  });
});

describe('symmetricEigen', () => {
  it('diagonalizes a symmetric matrix, largest eigenvalue first', () => {
    const n = 6;
    const half = randomMatrix(n * n, 3);
    const matrix = new Float64Array(n * n);
    addProductTransposed(matrix, half, half, n, n, n);
    const { values, vectors } = symmetricEigen(matrix, n);
    expect([...values]).toEqual([...values].sort((x, y) => y - x));
    for (let j = 0; j < n; j++) {
      for (let i = 0; i < n; i++) {
        let image = 0;
        for (let t = 0; t < n; t++) image += matrix[i * n + t]! * vectors[t * n + j]!;
        expect(image).toBeCloseTo(values[j]! * vectors[i * n + j]!, 9);
      }
    }
  });

  it('makes columns orthonormal', () => {
    const [rows, n] = [10, 4];
    const a = randomMatrix(rows * n, 4);
    orthonormalize(a, rows, n);
    const product = new Float64Array(n * n);
    addTransposedProduct(product, a, a, rows, n, n);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) expect(product[i * n + j]).toBeCloseTo(i === j ? 1 : 0, 12);
  });
});

function transpose(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j]!;
  return out;
}

function expectClose(actual: Float64Array, expected: Float64Array): void {
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 10);
}
