import { expect, test } from 'vitest';
import {
  findCostThreshold,
  findQualityThreshold,
  thresholdsByShare,
} from '../../../src/calibration/goals.ts';
import {
  outcomesForAdvantage,
  outcomesForAdvantageAtWorst,
  outcomesForWidth,
} from '../../../src/calibration/needed-outcomes.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { mean } from '../../../src/math/vector.ts';
import { simulateLog, truePgr } from '../../support/simulated-log.ts';

const compared = { requests: 1500, threshold: 0.5, exploration: 0, comparison: 1 };
const options = { resamples: 200, within: 0.2 };

test('a quality goal is kept, but for the confidence; the estimate alone misses it often', () => {
  const found = Array.from({ length: 16 }, (_, seed) =>
    findQualityThreshold(simulateLog(compared, seededRandom(seed)), 0.9, { ...options, seed }),
  );
  const isMissed = (threshold: number): boolean => truePgr(threshold) < 0.9;
  // Binomial(16, 0.025): over 3 with a probability of 0.06 %.
  expect(found.filter(({ chosen }) => isMissed(chosen!.threshold)).length).toBeLessThanOrEqual(3);
  const byEstimate = found.filter((result) => isMissed(result.byEstimate!.threshold)).length;
  expect(byEstimate).toBeGreaterThan(3);
  // 0.9 is reached at a threshold of 0.31; safety must not mean that everything goes to strong.
  expect(mean(found.map(({ chosen }) => chosen!.threshold))).toBeGreaterThan(0.1);
  for (const { chosen } of found) expect(chosen!.pgr!.interval95[0]).toBeGreaterThanOrEqual(0.9);
});

test('a goal in money is the largest share whose cost is surely within it', () => {
  const rows = simulateLog({ ...compared, exploration: 0.2 }, seededRandom(1));
  // Of 2545 and 154.5 nano-dollars: $0.001 for 1000 requests buys a share of 0.354.
  const { chosen, byEstimate, refusal } = findCostThreshold(rows, 0.001, options);
  expect(refusal).toBeNull();
  expect(chosen!.costPer1kUsd!.interval95[1]).toBeLessThanOrEqual(0.001);
  expect(byEstimate!.share).toBeGreaterThanOrEqual(chosen!.share);
  expect(Math.abs(byEstimate!.share - 0.354)).toBeLessThan(0.03);
  expect(findCostThreshold(rows, 100, options).chosen!.share).toBe(1);
  expect(findCostThreshold(rows, 0.0001, options).refusal).toMatchObject({
    reason: 'over_budget',
    needed: null,
  });
  const unpriced = rows.map((row) => ({ ...row, costNanoUsd: null }));
  expect(findCostThreshold(unpriced, 1, options).refusal).toMatchObject({ reason: 'no_costs' });
});

test('as many more outcomes as a refusal asks for are enough', () => {
  const find = (requests: number, seed: number) =>
    findQualityThreshold(simulateLog({ ...compared, requests }, seededRandom(seed)), 0.9, {
      ...options,
      within: 0.08,
    });
  const refusals = [1, 2, 3, 4, 5].map((seed) => find(200, seed).refusal!);
  for (const refusal of refusals) expect(refusal).toMatchObject({ reason: 'too_wide', have: 200 });
  const needed = mean(refusals.map((refusal) => refusal.needed!));
  // As often refused as not: the width at that number is the one that was asked for, on average.
  const few = [6, 7, 8, 9, 10].map((seed) => find(Math.round(needed / 2), seed));
  const many = [6, 7, 8, 9, 10].map((seed) => find(Math.round(needed * 2), seed));
  expect(few.filter(({ refusal }) => refusal !== null).length).toBeGreaterThanOrEqual(4);
  expect(many.filter(({ refusal }) => refusal === null).length).toBeGreaterThanOrEqual(4);
});

test('without an advantage there is nothing to keep', () => {
  const rows = simulateLog(compared, seededRandom(5));
  const equal = rows.map((row, i) => ({ ...row, strongWin: (i % 3) / 2 }));
  const refused = findQualityThreshold(equal, 0.9, options).refusal!;
  expect(refused).toMatchObject({ reason: 'no_advantage', have: 1500 });
  expect(refused.needed).toBeGreaterThan(1500);
  const reversed = rows.map((row) => ({ ...row, strongWin: 1 - row.strongWin! }));
  expect(findQualityThreshold(reversed, 0.9, options).refusal).toMatchObject({
    reason: 'no_advantage',
    needed: null,
  });
});

test('without any outcome the worst case says how many are needed', () => {
  const silent = simulateLog({ ...compared, comparison: 0 }, seededRandom(6));
  const none = findQualityThreshold(silent, 0.9, options).refusal!;
  // (2.8016 / 0.05)^2 comparisons show an advantage of 5 points with a power of 80 %.
  expect(none).toEqual({ reason: 'no_outcomes', have: 0, needed: 3140 });
  const explored = silent.map((row) => ({ ...row, propensity: 0.95 }));
  const rated = findQualityThreshold(explored, 0.9, { ...options, outcomes: 'explicit' }).refusal!;
  expect(rated.needed).toBe(outcomesForAdvantageAtWorst(explored, 'explicit'));
  const unexplored = silent.map((row) => ({ ...row, propensity: 1 }));
  expect(outcomesForAdvantageAtWorst(unexplored, 'explicit')).toBeNull();
  // Weights 1 / 0.95 + 1 / 0.05 a request, each tier's variance a quarter.
  expect(outcomesForAdvantageAtWorst(explored, 'explicit')).toBe(
    Math.ceil(((2.801585 / 0.05) ** 2 * (1 / 0.95 + 20)) / 4),
  );
});

test('numbers of outcomes follow the square root law', () => {
  expect(outcomesForWidth(100, 0.2, 0.1)).toBe(400);
  expect(outcomesForWidth(100, 0.05, 0.1)).toBe(100);
  expect(outcomesForAdvantage(100, 0.1, 0.1)).toBe(Math.ceil(100 * 2.801585 ** 2));
  // An advantage that is smaller than 5 points is not asked for.
  expect(outcomesForAdvantage(100, -0.3, 0.05)).toBe(Math.ceil(100 * 2.801585 ** 2));
});

test('thresholds run from all strong to none, each once', () => {
  const rows = simulateLog({ ...compared, requests: 500 }, seededRandom(7));
  const thresholds = thresholdsByShare(rows);
  expect(thresholds).toHaveLength(101);
  expect([thresholds[0], thresholds[100]]).toEqual([0, 1]);
  expect(thresholdsByShare(rows.map((row) => ({ ...row, score: 0.3 })))).toEqual([0, 0.3, 1]);
  expect(thresholdsByShare([])).toEqual([]);
});
