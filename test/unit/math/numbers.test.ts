import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from '../../../src/math/half.ts';
import { quantile, sorted } from '../../../src/math/quantile.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';

describe('half precision', () => {
  it('reads every finite bit pattern back to itself', () => {
    const all = Array.from({ length: 0x10000 }, (_, bits) => bits);
    const finite = all.filter((bits) => Number.isFinite(fromHalf(bits)));
    expect(finite.filter((bits) => toHalf(fromHalf(bits)) !== bits)).toEqual([]);
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 1],
    [0.333251953125, 0x3555],
    [1e-9, 0],
  ])('writes %f as IEEE 754 says', (value, bits) => {
    expect(toHalf(value)).toBe(bits);
  });

  it('keeps NaN and infinity', () => {
    expect(fromHalf(toHalf(NaN))).toBeNaN();
    expect(fromHalf(toHalf(-Infinity))).toBe(-Infinity);
  });
});

describe('quantile', () => {
  // numpy.quantile([1, 2, 4, 8], [0, .1, .5, .9, 1])
  it.each([
    [0, 1],
    [0.1, 1.3],
    [0.5, 3],
    [0.9, 6.8],
    [1, 8],
  ])('at %f interpolates as numpy does', (p, value) => {
    expect(quantile(sorted([8, 1, 4, 2]), p)).toBeCloseTo(value, 12);
  });
});

describe('seeded random numbers', () => {
  it('repeat for a seed and differ between seeds', () => {
    const draw = (seed: number) => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('are uniform, and normal by Box-Muller', () => {
    const random = seededRandom(1);
    const uniform = Array.from({ length: 20_000 }, random);
    expect(uniform.reduce((sum, x) => sum + x, 0) / 20_000).toBeCloseTo(0.5, 2);
    const normals = Array.from({ length: 20_000 }, () => normal(random));
    const mean = normals.reduce((sum, x) => sum + x, 0) / 20_000;
    const variance = normals.reduce((sum, x) => sum + x * x, 0) / 20_000;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  });
});
