import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../../src/config/duration.ts';

describe('parseDuration', () => {
  it.each([
    [5, 5000],
    ['5', 5000],
    ['5s', 5000],
    ['500ms', 500],
    ['2m', 120_000],
    ['1.5 s', 1500],
    ['1h', 3_600_000],
    [0, 0],
  ])('reads %j as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['5 apples', '-5', -5, NaN, Infinity, '', 's', '1e3', null, true, ['5'], '1000h'])(
    'refuses %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );
});
