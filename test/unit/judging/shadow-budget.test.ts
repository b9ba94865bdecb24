import { expect, test } from 'vitest';
import { createShadowBudget, shadowSince } from '../../../src/judging/shadow-budget.ts';

const settings = { share: 1, maxNanoUsdPerDay: 1000, maxPerHour: 3 };
const noon = Date.UTC(2025, 0, 2, 12);
const hour = 3_600_000;

function budgetAt(past = { nanoUsd: 0, comparisons: 0 }) {
  const clock = { now: noon };
  const budget = createShadowBudget(past, () => clock.now);
  return { clock, budget, begin: (estimate = 0) => budget.tryBegin(estimate, settings) };
}

test('nothing is begun that is likely to go over the day, until the next UTC day', () => {
  const { clock, budget, begin } = budgetAt();
  expect(begin(1000)).toBe(true);
  budget.spend(901);
  expect(begin(100)).toBe(false);
  expect(begin(99)).toBe(true);
  clock.now = noon + 12 * hour;
  expect(begin(1000)).toBe(true);
  expect(begin(1001)).toBe(false);
});

test('only so many are begun in an hour', () => {
  const { clock, begin } = budgetAt();
  expect([begin(), begin(), begin(), begin()]).toEqual([true, true, true, false]);
  clock.now += hour - 1;
  expect(begin()).toBe(false);
  clock.now += 1;
  expect(begin()).toBe(true);
});

test('what was taken before a restart counts', () => {
  const { begin } = budgetAt({ nanoUsd: 950, comparisons: 2 });
  expect(begin(51)).toBe(false);
  expect(begin(50)).toBe(true);
  expect(begin(0)).toBe(false);
  expect(shadowSince(noon)).toEqual({
    costSinceMs: Date.UTC(2025, 0, 2),
    countSinceMs: noon - hour,
  });
});
