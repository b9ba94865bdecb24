import { describe, expect, it } from 'vitest';
import { choleskyFactor, inversePositive, solvePositive } from '../../../src/math/cholesky.ts';

describe('a positive definite matrix', () => {
  const a = Float64Array.of(4, 2, 0.4, 2, 3, -1, 0.4, -1, 5);

  it('solves a system', () => {
    const x = solvePositive(Float64Array.of(4, 2, 2, 3), Float64Array.of(2, 5), 2);
    expect(x[0]).toBeCloseTo(-0.5, 12);
    expect(x[1]).toBeCloseTo(2, 12);
  });

  it('times its inverse is the identity', () => {
    const inverse = inversePositive(a, 3);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += a[i * 3 + k]! * inverse[k * 3 + j]!;
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 12);
      }
    }
  });

  it('is read by its lower triangle alone', () => {
    const lower = a.map((value, i) => (i % 3 > Math.floor(i / 3) ? NaN : value));
    const b = Float64Array.of(1, 2, 3);
    expect(choleskyFactor(lower, 3)).toEqual(choleskyFactor(a, 3));
    expect(solvePositive(lower, b, 3)).toEqual(solvePositive(a, b, 3));
    expect(inversePositive(lower, 3)).toEqual(inversePositive(a, 3));
  });

  it.each([
    ['indefinite', [0, 1, 1, 0]],
    ['not a number', [NaN, 0, 0, 1]],
  ])('is demanded: %s is refused', (_what, values) => {
    expect(() => solvePositive(Float64Array.from(values), new Float64Array(2), 2)).toThrow(
      RangeError,
    );
  });
});
