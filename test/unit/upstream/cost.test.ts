import { describe, expect, test } from 'vitest';
import { costNanoUsd } from '../../../src/upstream/cost.ts';

const price = { inputPerMtok: 2, outputPerMtok: 10, cachedInputPerMtok: 0.5 };

describe('what an answer cost', () => {
  test.each([
    ['nothing of the prompt cached', null, 1000 * (100 * 2 + 7 * 10)],
    ['none', 0, 1000 * (100 * 2 + 7 * 10)],
    ['some', 80, 1000 * (20 * 2 + 80 * 0.5 + 7 * 10)],
    ['all', 100, 1000 * (100 * 0.5 + 7 * 10)],
    ['more than there is', 300, 1000 * (100 * 0.5 + 7 * 10)],
  ])('with a price for cached tokens: %s', (_, cachedTokens, cost) => {
    const tokens = { promptTokens: 100, cachedTokens, completionTokens: 7 };
    expect(costNanoUsd(price, tokens)).toBe(cost);
    const without = { inputPerMtok: 2, outputPerMtok: 10, cachedInputPerMtok: null };
    expect(costNanoUsd(without, tokens)).toBe(1000 * (100 * 2 + 7 * 10));
  });

  test('is not known without a price or a count', () => {
    const tokens = { promptTokens: 100, completionTokens: 7 };
    expect(costNanoUsd(null, tokens)).toBeNull();
    expect(costNanoUsd(price, { ...tokens, promptTokens: null })).toBeNull();
    expect(costNanoUsd(price, { ...tokens, completionTokens: null })).toBeNull();
  });
});
