import { expect, test } from 'vitest';
import { drawOf, newDecisionId } from '../../../src/routing/decision-id.ts';

const ids = Array.from({ length: 20_000 }, newDecisionId);

test('ids are all different, and sort in the order in which they were made', () => {
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.toSorted()).toEqual(ids);
  expect(ids.every((id) => /^dec_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))).toBe(true);
});

test('the draw of an id is its random end, not its time', () => {
  expect(drawOf('dec_019ab000-0000-7000-8000-000000000000')).toBe(0);
  expect(drawOf('dec_019ab000-0000-7000-8000-0000c0000000')).toBe(0.75);
  const draws = ids.map(drawOf);
  // Ten standard errors: it fails once in 1e23 runs.
  for (const share of [0.25, 0.5, 0.9]) {
    const below = draws.filter((draw) => draw < share).length / draws.length;
    expect(Math.abs(below - share)).toBeLessThan(10 * Math.sqrt(0.25 / draws.length));
  }
});
