import { describe, expect, it } from 'vitest';
import {
  compare,
  drawQuestions,
  intervalOf,
  meanOf,
  type PairRow,
} from '../../../scripts/cross-validate/compare.ts';
import { foldOf } from '../../../scripts/cross-validate/train-on.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { apgr } from '../../../src/training/evaluate-metrics.ts';

const random = seededRandom(1);
const rows: PairRow[] = Array.from({ length: 400 }, (_, i) => ({
  key: `q${i}`,
  source: i < 300 ? 'large' : 'small',
  strong: random() < 0.8 ? 1 : 0,
  weak: random() < 0.5 ? 1 : 0,
}));
const gain = rows.map(({ strong, weak }) => strong - weak);
const noisy = (noise: number): number[] => gain.map((value) => value + noise * (random() - 0.5));
const draws = drawQuestions(rows);

describe('compare', () => {
  it('gives APGR with sources at equal weight, and the difference of the first two ways', () => {
    const [good, poor] = [noisy(4), noisy(20)];
    const { values, difference } = compare(rows, [good, poor, gain], draws);
    const alone = (scores: readonly number[]): number =>
      apgr({
        scores,
        strong: rows.map(({ strong }) => strong),
        weak: rows.map(({ weak }) => weak),
        weights: rows.map(({ source }) => (source === 'large' ? 1 / 300 : 1 / 100)),
      });
    expect(values).toEqual([alone(good), alone(poor), alone(gain)]);
    expect(difference).toBe(values[0]! - values[1]!);
  });

  it('resamples both ways alike, so that what they share cancels out', () => {
    const scores = noisy(4);
    const same = compare(rows, [scores, scores], draws);
    expect(intervalOf(same)).toEqual([0, 0]);
    const [low, high] = intervalOf(compare(rows, [gain, noisy(20)], draws));
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(low);
  });

  it('averages pairs resample by resample', () => {
    const [a, b] = [compare(rows, [gain, noisy(4)], draws), compare(rows, [gain, noisy(9)], draws)];
    const both = meanOf([a, b]);
    expect(both.difference).toBeCloseTo((a.difference + b.difference) / 2, 12);
    expect(both.differences[7]).toBeCloseTo((a.differences[7]! + b.differences[7]!) / 2, 12);
    expect(both.values[1]).toBeCloseTo((a.values[1]! + b.values[1]!) / 2, 12);
  });
});

describe('foldOf', () => {
  it('keeps a question in one part, and fills the parts evenly', () => {
    const parts = Array.from({ length: 4000 }, (_, i) => foldOf({ key: `q${i}` }));
    for (const part of [0, 1, 2, 3]) {
      expect(parts.filter((value) => value === part).length).toBeGreaterThan(900);
    }
    expect(foldOf({ key: 'q7' })).toBe(parts[7]);
  });
});
