import { expect, test } from 'vitest';
import { createEmbeddingBasis, project } from '../../../src/learning/embedding-basis.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';

test('the basis finds the directions in which vectors differ, with a total variance of 1', () => {
  const random = seededRandom(2);
  // Spread 3 along (1, 1, 0, 0), 1 along (1, -1, 0, 0), hardly any elsewhere; mean (5, 5, 5, 5).
  const vectors = Array.from({ length: 400 }, () => {
    const [a, b, c, d] = [3, 1, 0.01, 0.01].map((spread) => spread * normal(random));
    return Float64Array.of(a! + b!, a! - b!, c!, d!);
  }).map((vector) => Float32Array.from(vector, (value) => value + 5));
  const basis = createEmbeddingBasis(vectors, 2);
  const coordinates = vectors.map((vector) => {
    const out = new Float64Array(2);
    project(basis, vector, out, 0);
    return out;
  });
  const variance = (j: number) => coordinates.reduce((sum, c) => sum + c[j]! ** 2 / 400, 0);
  expect(variance(0) + variance(1)).toBeCloseTo(1, 6);
  expect(variance(0)).toBeCloseTo(0.9, 1);
  const [x, y, z] = [0, 2, 4].map((i) => basis.directions[i]!);
  expect(x! / y!).toBeCloseTo(1, 1);
  expect(Math.abs(z! / x!)).toBeLessThan(0.02);
});

test('there are no more directions than vectors can show', () => {
  const vectors = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0)];
  expect(createEmbeddingBasis(vectors, 64).count).toBe(1);
  expect(createEmbeddingBasis(vectors.slice(0, 1), 64).count).toBe(0);
});
