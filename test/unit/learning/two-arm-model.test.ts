import { expect, test } from 'vitest';
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
    rating: column((i) => (i % 2 === 0 ? random() : NaN)),
    surprise: column(() => random() - 0.5),
  };
}

/** The model as its formula says, written anew. */
function negativeLogPosterior(
  rows: TwoArmRows,
  theta: readonly number[],
  gamma: readonly number[],
  precision: number,
): number {
  let sum = 0;
  for (const value of [...theta, ...gamma]) sum += (precision * value * value) / 2;
  for (let i = 0; i < rows.n; i++) {
    const phi = [...rows.phi.slice(i * k, i * k + k)];
    const dot = (weights: readonly number[]) =>
      phi.reduce((total, value, j) => total + value * weights[j]!, 0);
    const p = sigmoid(rows.offset[i]! + dot(theta));
    const win = rows.win[i]!;
    if (!Number.isNaN(win)) sum -= (win * Math.log(p) + (1 - win) * Math.log(1 - p)) / 0.7;
    const y = rows.rating[i]!;
    if (Number.isNaN(y)) continue;
    sum += (y - 0.5 - dot(gamma) - rows.surprise[i]! * (2 * p - 1)) ** 2 / (2 * 0.2);
  }
  return sum;
}

test('the fit is the mode of the posterior: its loss is flat there and higher all around', () => {
  const rows = randomRows(90);
  const prior = new Float64Array(k).fill(0.5);
  const { theta, gamma } = fitTwoArms(rows, { theta: prior, gamma: prior });
  const at = [...theta, ...gamma];
  const loss = (point: readonly number[]) =>
    negativeLogPosterior(rows, point.slice(0, k), point.slice(k), 0.5);
  for (let j = 0; j < at.length; j++) {
    const moved = (by: number) => loss(at.map((value, i) => (i === j ? value + by : value)));
    expect(Math.abs(moved(1e-4) - moved(-1e-4)) / 2e-4).toBeLessThan(0.05);
    expect(moved(0.3)).toBeGreaterThan(loss(at));
    expect(moved(-0.3)).toBeGreaterThan(loss(at));
  }
});

test('without ratings the level is left out', () => {
  const rows = randomRows(60);
  const none = { ...rows, rating: new Float64Array(60).fill(NaN) };
  const prior = new Float64Array(k).fill(0.5);
  const alone = fitTwoArms(none, { theta: prior, gamma: null });
  const both = fitTwoArms(none, { theta: prior, gamma: prior });
  expect([...alone.gamma]).toEqual([0, 0, 0]);
  alone.theta.forEach((value, j) => expect(value).toBeCloseTo(both.theta[j]!, 6));
});

test('the evidence of a linear model is the exact one', () => {
  // Ratings alone with certain tiers: y = 0.5 + gamma_0 + noise, y ~ N(0.5, noise I + 11^T / precision).
  const y = [0.9, 0.7, 0.8, 0.6];
  const zeros = new Float64Array(4);
  const rows: TwoArmRows = {
    ...{ n: 4, k: 1, phi: new Float64Array(4).fill(1), offset: zeros, surprise: zeros },
    ...{
      win: new Float64Array(4).fill(NaN),
      rating: Float64Array.from(y),
      noise: 0.2,
      dispersion: 1,
    },
  };
  const evidenceAt = (precision: number) =>
    fitTwoArms(rows, { theta: Float64Array.of(1), gamma: Float64Array.of(precision) }).evidence;
  const exact = (precision: number) => {
    const sum = y.reduce((total, value) => total + value - 0.5, 0);
    const squares = y.reduce((total, value) => total + (value - 0.5) ** 2, 0);
    const inflated = 1 + 4 / (0.2 * precision);
    return -squares / 0.4 + sum ** 2 / (2 * 0.04 * (precision + 4 / 0.2)) - Math.log(inflated) / 2;
  };
  expect(evidenceAt(1) - evidenceAt(25)).toBeCloseTo(exact(1) - exact(25), 6);
});
