import { expect, test } from 'vitest';
import { estimate } from '../../../src/calibration/interval.ts';
import { spreadOf, strongFigure } from '../../../src/calibration/linear-figure.ts';
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

// The spatial test data of Efron and Tibshirani (1993), table 14.1, A; the variance is their example of BCa. They give the
// acceleration as 0.061; the interval at 95 % is that of SciPy's `bootstrap(method="BCa")` with 200,000 resamples.
test('the interval of a variance is the published one, where percentiles are off', () => {
  const data = [
    ...[48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6],
    ...[0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41],
  ];
  const varianceOf = (values: readonly number[]): number => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  };
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const none = new Float64Array(data.length);
  const { acceleration } = spreadOf(strongFigure, {
    strong: Float64Array.from(data, (value) => (value - mean) ** 2),
    weak: none,
    variances: { strong: none, weak: none, both: none },
  });
  expect(acceleration).toBeCloseTo(0.0612, 4);
  const random = seededRandom(6);
  const resampled = Array.from({ length: 20_000 }, () =>
    varianceOf(data.map(() => data[Math.floor(random() * data.length)]!)),
  );
  const [low, high] = estimate(varianceOf(data), resampled, {
    leastError: 0,
    acceleration,
  })!.interval95;
  expect(Math.abs(low - 105.5)).toBeLessThan(3);
  expect(Math.abs(high - 278.9)).toBeLessThan(3);
});

test('what is not defined has no estimate, and undefined resamples are left out', () => {
  expect(estimate(NaN, [1, 2])).toBeNull();
  expect(estimate(1, [NaN])).toBeNull();
  expect(estimate(1, [1, NaN, 1])!.interval95).toEqual([1, 1]);
});
