import { expect, test } from 'vitest';
import { estimate } from '../../../src/calibration/interval.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { normalCdf, normalQuantile } from '../../../src/math/normal.ts';

test('the normal distribution agrees with its tables', () => {
  for (const [z, p] of [
    [0, 0.5],
    [1, 0.8413447461],
    [-1.959963985, 0.025],
    [2.575829304, 0.995],
    [-3.090232306, 0.001],
  ] as const) {
    expect(normalCdf(z)).toBeCloseTo(p, 6);
    expect(normalQuantile(p)).toBeCloseTo(z, 3);
  }
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
});

test('without skew and bias the interval is that of the percentiles', () => {
  const resampled = Array.from({ length: 1001 }, (_, i) => i / 1000);
  const { interval95 } = estimate(0.5, resampled)!;
  expect(interval95[0]).toBeCloseTo(0.025, 4);
  expect(interval95[1]).toBeCloseTo(0.975, 4);
});

test('it grows to the error that is known to be there', () => {
  const random = seededRandom(1);
  const resampled = Array.from({ length: 4000 }, () => 2 + 0.1 * normal(random));
  const [low, high] = estimate(2, resampled, { leastError: 0.3, acceleration: 0 })!.interval95;
  expect((high - low) / 2).toBeCloseTo(1.96 * 0.3, 1);
  // Resamples that all agree say nothing.
  const agreed = estimate(1, [1, 1, 1], { leastError: 0.2, acceleration: 0 })!;
  expect(agreed.interval95[0]).toBeCloseTo(1 - 1.96 * 0.2, 4);
  // Nor do they take back an interval that is known to be part of it.
  const known = { leastError: 0, acceleration: 0, inside: [0.9, 1.1] as const };
  expect(estimate(1, [1, 1, 1], known)!.interval95).toEqual([0.9, 1.1]);
});

test('skewed resamples move it to the long side', () => {
  const random = seededRandom(2);
  const resampled = Array.from({ length: 4000 }, () => normal(random));
  const plain = estimate(0, resampled)!.interval95;
  const skewed = estimate(0, resampled, { leastError: 0, acceleration: 0.1 })!.interval95;
  expect(skewed[0]).toBeGreaterThan(plain[0]);
  expect(skewed[1]).toBeGreaterThan(plain[1]);
});

test('what is not defined has no estimate, and undefined resamples are left out', () => {
  expect(estimate(NaN, [1, 2])).toBeNull();
  expect(estimate(1, [NaN])).toBeNull();
  expect(estimate(1, [1, NaN, 1])!.interval95).toEqual([1, 1]);
});
