import { expect, test } from 'vitest';
import { fitMeanRating } from '../../../src/learning/mean-rating.ts';
import { fitTwoArms, type TwoArmRows } from '../../../src/learning/two-arm-model.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';

const k = 3;

function randomRows(n: number): TwoArmRows {
  const random = seededRandom(3);
  const column = (value: (i: number) => number) =>
    Float64Array.from({ length: n }, (_, i) => value(i));
  const phi = Float64Array.from({ length: n * k }, (_, i) => (i % k === 0 ? 1 : normal(random)));
  return {
    ...{ n, k, phi, noise: 0.2, dispersion: 0.7 },
    offset: column(() => normal(random)),
    win: column((i) => (i % 3 === 0 ? NaN : Math.round(2 * random()) / 2)),
    excess: column((i) => (i % 2 === 0 ? random() - 0.5 : NaN)),
    surprise: column(() => random() - 0.5),
  };
}

/** The model as its formula says, written anew. */
function negativeLogPosterior(
  rows: TwoArmRows,
  theta: readonly number[],
  precision: number,
): number {
  let sum = 0;
  for (const value of theta) sum += (precision * value * value) / 2;
  for (let i = 0; i < rows.n; i++) {
    const phi = [...rows.phi.slice(i * k, i * k + k)];
    const p = sigmoid(rows.offset[i]! + phi.reduce((total, v, j) => total + v * theta[j]!, 0));
    const win = rows.win[i]!;
    if (!Number.isNaN(win)) sum -= (win * Math.log(p) + (1 - win) * Math.log(1 - p)) / 0.7;
    const excess = rows.excess[i]!;
    if (Number.isNaN(excess)) continue;
    sum += (excess - rows.surprise[i]! * (2 * p - 1)) ** 2 / (2 * 0.2);
  }
  return sum;
}

test('the fit is the mode of the posterior: its loss is flat there and higher all around', () => {
  const rows = randomRows(90);
  const { theta } = fitTwoArms(rows, new Float64Array(k).fill(0.5));
  const loss = (point: readonly number[]) => negativeLogPosterior(rows, point, 0.5);
  for (let j = 0; j < k; j++) {
    const moved = (by: number) => loss(Array.from(theta, (v, i) => (i === j ? v + by : v)));
    expect(Math.abs(moved(1e-4) - moved(-1e-4)) / 2e-4).toBeLessThan(0.05);
    expect(moved(0.3)).toBeGreaterThan(loss([...theta]));
    expect(moved(-0.3)).toBeGreaterThan(loss([...theta]));
  }
});

test('the evidence is the integral of likelihood and prior', () => {
  const rows = randomRows(40);
  // Only the constant is free: the others' prior holds them at 0.
  const held = 1e8;
  const exact = (precision: number) => {
    let sum = 0;
    for (let step = -150; step <= 150; step++) {
      const loss = negativeLogPosterior(rows, [step / 50, 0, 0], precision);
      sum += Math.exp(-loss) / 50;
    }
    return Math.log(sum) + Math.log(precision) / 2;
  };
  const laplace = (precision: number) =>
    fitTwoArms(rows, Float64Array.of(precision, held, held)).evidence;
  expect(laplace(1) - laplace(25)).toBeCloseTo(exact(1) - exact(25), 1);
});

test('the mean rating is a ridge regression whose strength its evidence chooses', () => {
  const random = seededRandom(4);
  const n = 400;
  const phi = Float64Array.from({ length: n * 2 }, (_, i) => (i % 2 === 0 ? 1 : normal(random)));
  const precisions = [0.001, 0.05, 0.3].map((spread) => Float64Array.of(4, 1 / spread ** 2));
  const fit = (slope: number) => {
    const ratings = Float64Array.from({ length: n }, (_, i) =>
      i % 4 === 0 ? NaN : 0.6 + slope * phi[i * 2 + 1]! + 0.3 * normal(random),
    );
    return fitMeanRating(phi, ratings, 0.09, precisions);
  };
  const [bias, slope] = fit(0.2);
  expect(bias).toBeCloseTo(0.1, 1);
  expect(slope).toBeCloseTo(0.2, 1);
  expect(Math.abs(fit(0)[1]!)).toBeLessThan(0.001);
  expect([...fitMeanRating(phi, new Float64Array(n).fill(NaN), 0.09, precisions)]).toEqual([0, 0]);
});
