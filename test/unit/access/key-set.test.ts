import type * as Crypto from 'node:crypto';
import { timingSafeEqual } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hashOfKey, KeySet } from '../../../src/access/key-set.ts';

vi.mock('node:crypto', async (load) => {
  const crypto = await load<typeof Crypto>();
  return { ...crypto, timingSafeEqual: vi.fn(crypto.timingSafeEqual) };
});

const known = (i: number) => `key-number-${i}`.padEnd(40, '-');
const keys = new KeySet(Array.from({ length: 100 }, (_, i) => hashOfKey(known(i))));

describe('a key', () => {
  beforeEach(() => void vi.mocked(timingSafeEqual).mockClear());

  test.each([
    ['the first', known(0), true],
    ['the last', known(99), true],
    ['wrong in its last character', `${known(0).slice(0, -1)}x`, false],
    ['all wrong', 'z'.repeat(40), false],
    ['empty', '', false],
  ])('that is %s is compared with every one, in constant time', (_, key, isKnown) => {
    expect(keys.has(key)).toBe(isKnown);
    expect(timingSafeEqual).toHaveBeenCalledTimes(100);
  });
});
