import { expect, it } from 'vitest';
import { keepHeadAndTail } from '../../../src/embedding/bounded-text.ts';
import { poolWindows, splitIntoWindows } from '../../../src/embedding/token-windows.ts';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

it('leaves ids of up to one window in one piece', () => {
  expect(splitIntoWindows(range(128), 128, 8)).toEqual([range(128)]);
});

it('cuts longer ids into windows, the last one shorter', () => {
  expect(splitIntoWindows(range(7), 3, 8)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
});

it('keeps the first and the last four of more than eight windows', () => {
  const firstIds = splitIntoWindows(range(41), 4, 8).map((window) => window[0]);
  expect(firstIds).toEqual([0, 4, 8, 12, 28, 32, 36, 40]);
});

it('gives no window for no ids', () => {
  expect(splitIntoWindows([], 128, 8)).toEqual([]);
});

it('pools the means of windows to the mean of all tokens', () => {
  const pooled = poolWindows([Float32Array.of(7, 0), Float32Array.of(0, 14)], [3, 4]);
  expect(pooled[0]).toBeCloseTo(3, 5);
  expect(pooled[1]).toBeCloseTo(8, 5);
});

it('leaves the mean of a single window as it is', () => {
  const only = Float32Array.of(0.6, 0.8);
  expect(poolWindows([only], [5])).toEqual(only);
});

it('keeps head and tail of a text over the limit, and nothing less of one under it', () => {
  expect(keepHeadAndTail('abcdefg', 7)).toBe('abcdefg');
  expect(keepHeadAndTail('abcdefgh', 5)).toBe('abcgh');
});
