import { expect, test } from 'vitest';
import { nearestVectors } from '../../../src/dashboard/nearest.ts';
import { seededRandom } from '../../../src/math/random.ts';

const bytes = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer);
const logged = (decisionId: string, ...values: number[]) => ({
  decisionId,
  vector: bytes(...values),
});

test('the nearest come first, by direction and not by length, the request itself left out', () => {
  const others = [
    logged('own', 1, 0),
    logged('across', 0, 3),
    logged('near', 2, 0.2),
    logged('opposite', -1, 0),
    logged('other length', 1, 0, 0),
  ];
  const { neighbours, searched } = nearestVectors(logged('own', 1, 0), others, 2);
  expect(neighbours.map(({ decisionIds }) => decisionIds)).toEqual([['near'], ['across']]);
  expect(neighbours[0]?.similarity).toBeCloseTo(2 / Math.hypot(2, 0.2), 6);
  expect(searched).toBe(3);
});

test('a prompt that was asked again is one neighbour, the newest request first', () => {
  const others = [logged('b2', 1, 1), logged('c', 0, 1), logged('b1', 1, 1)];
  const { neighbours } = nearestVectors(logged('a', 1, 1), others, 5);
  expect(neighbours.map(({ decisionIds }) => decisionIds)).toEqual([['b2', 'b1'], ['c']]);
});

test('finds the same as sorting all', () => {
  const random = seededRandom(3);
  const draw = () => Array.from({ length: 8 }, () => random() - 0.5);
  const own = draw();
  const all = Array.from({ length: 300 }, (_, i) => ({ id: `r${i}`, values: draw() }));
  const cosine = (a: number[], b: number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
  const expected = all
    .map(({ id, values }) => ({ id, similarity: cosine(own, values) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, 7)
    .map(({ id }) => id);
  const others = all.map(({ id, values }) => logged(id, ...values));
  const { neighbours } = nearestVectors(logged('own', ...own), others, 7);
  expect(neighbours.map(({ decisionIds }) => decisionIds[0])).toEqual(expected);
});

test('reads vectors that do not begin at a multiple of four', () => {
  const odd = Buffer.concat([Buffer.from([9]), bytes(1, 0)]).subarray(1);
  const { neighbours } = nearestVectors({ decisionId: 'a', vector: odd }, [logged('b', 1, 0)], 1);
  expect(neighbours[0]?.similarity).toBe(1);
});
