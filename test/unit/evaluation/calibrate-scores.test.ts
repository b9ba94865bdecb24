import { expect, it } from 'vitest';
import { calibrationOf } from '../../../src/evaluation/calibrate-scores.ts';
import { seededRandom } from '../../../src/math/random.ts';

const draw = (n: number): Uint16Array => new Uint16Array(n).fill(1);

function calibrationOfTrueScores(prompts: number) {
  const random = seededRandom(8);
  const scores = Array.from({ length: prompts }, random);
  const won = scores.map((score) => (random() < score ? 1 : 0));
  const weights = scores.map(() => 1);
  return calibrationOf({ router: 'mf', scores, won, weights }, [draw(prompts), draw(prompts)]);
}

it('the error by chance is what true probabilities show: less, the more prompts', () => {
  const few = calibrationOfTrueScores(200);
  const many = calibrationOfTrueScores(20_000);
  // One score of 0.5: |frequency - 0.5| of n coins is sqrt(2 / pi) / (2 sqrt n) on average.
  const n = 400;
  const coins = { scores: new Array<number>(n).fill(0.5), weights: new Array<number>(n).fill(1) };
  const even = calibrationOf({ router: 'mf', ...coins, won: coins.scores.map((_, i) => i % 2) }, [
    draw(n),
  ]);
  expect(even.error.value).toBe(0);
  expect(even.errorByChance).toBeCloseTo(Math.sqrt(2 / Math.PI) / (2 * Math.sqrt(n)), 2);
  expect(few.errorByChance / many.errorByChance).toBeGreaterThan(7);
  expect(Math.abs(few.error.value! - few.errorByChance)).toBeLessThan(0.04);
  expect(many.error.value!).toBeLessThan(0.02);
});

it('scores that are off show more than chance', () => {
  const scores = Array.from({ length: 1000 }, (_, i) => i / 1000);
  const won = scores.map((score) => (score > 0.5 ? 1 : 0));
  const { error, errorByChance } = calibrationOf(
    { router: 'mf', scores, won, weights: scores.map(() => 1) },
    [draw(1000)],
  );
  expect(error.value).toBeCloseTo(0.25, 2);
  expect(errorByChance).toBeLessThan(0.06);
});
