import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import {
  apgr,
  calibrationError,
  createRandomCurve,
  curveApgr,
  curveCalls,
  floors,
  performanceCurve,
  performanceGapRecovered,
} from '../../../src/training/evaluate-metrics.ts';

/** Rows with the counts of routellm.md 3.2: both right, only strong, only weak, neither. */
function fromCounts(both: number, onlyStrong: number, onlyWeak: number, neither: number) {
  const repeat = (count: number, value: number): number[] => Array<number>(count).fill(value);
  return {
    strong: [
      ...repeat(both, 1),
      ...repeat(onlyStrong, 1),
      ...repeat(onlyWeak, 0),
      ...repeat(neither, 0),
    ],
    weak: [
      ...repeat(both, 1),
      ...repeat(onlyStrong, 0),
      ...repeat(onlyWeak, 1),
      ...repeat(neither, 0),
    ],
  };
}

const mmlu = fromCounts(8816, 2496, 742, 1983);
const gsm8k = fromCounts(739, 382, 94, 92);

describe('RouteLLM reference values', () => {
  it.each([
    ['MMLU', mmlu, 68.0915, 80.587, 85.873],
    ['GSM8K', gsm8k, 63.7337, 85.7689, 92.961],
  ])(
    '%s: qualities of always weak, always strong and the oracle',
    (_, rows, weak, strong, best) => {
      const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
      expect(100 * mean(rows.weak)).toBeCloseTo(weak, 3);
      expect(100 * mean(rows.strong)).toBeCloseTo(strong, 3);
      const oracle = rows.strong.map((value, i) => Math.max(value, rows.weak[i]!));
      expect(100 * mean(oracle)).toBeCloseTo(best, 2);
    },
  );

  it('a random router gets an APGR of about a half', () => {
    expect(curveApgr(createRandomCurve(mmlu, seededRandom(0))())).toBeCloseTo(0.5, 1);
    expect(curveApgr(createRandomCurve(gsm8k, seededRandom(0))())).toBeCloseTo(0.5, 1);
  });

  it('the gap recovered at 50 % quality is half', () => {
    expect(performanceGapRecovered(8.74653, 8.28125, 9.21181)).toBeCloseTo(0.5, 3);
  });
});

describe('the oracle', () => {
  // The oracle that RouteLLM ranks by: best share first where strong gains, ties broken at random.
  it.each([
    ['MMLU', mmlu, 1.268, 6.2],
    ['GSM8K', gsm8k, 1.115, 11],
  ])('on %s reaches the published APGR and CPT50', (_, rows, expected, cpt50) => {
    const random = seededRandom(0);
    const scores = floors.oracle(rows.strong, rows.weak).map((gain) => gain + 0.5 * random());
    const scored = { ...rows, scores };
    expect(apgr(scored)).toBeCloseTo(expected, 2);
    expect(100 * curveCalls(performanceCurve(scored), 0.5)!).toBeCloseTo(cpt50, 0);
  });
});

describe('performanceCurve', () => {
  it('has 11 points from all weak to all strong, with ">" at the last threshold', () => {
    const rows = {
      scores: Array.from({ length: 101 }, (_, i) => i),
      strong: Array<number>(101).fill(1),
      weak: Array<number>(101).fill(0),
    };
    const curve = performanceCurve(rows);
    expect(curve).toHaveLength(11);
    expect(curve[0]).toEqual({ share: 0, quality: 0 });
    expect(curve.at(-1)).toEqual({ share: 1, quality: 1 });
    // The threshold 90 (quantile .9) sends 90..100 to strong.
    expect(curve[1]!.share).toBeCloseTo(11 / 101, 12);
    expect(apgr(rows)).toBeCloseTo(0.5, 12);
  });

  it('keeps tied quantiles once', () => {
    const curve = performanceCurve({
      scores: [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      strong: Array<number>(10).fill(1),
      weak: Array<number>(10).fill(0),
    });
    // Quantiles: 0 nine times, 0.1 (interpolated between 0 and 1 at .9), 1.
    expect(curve.map(({ share }) => share)).toEqual([0, 0.1, 1]);
  });

  it('of equal scores is the line between the models', () => {
    const rows = { scores: [2, 2, 2], strong: [1, 1, 0], weak: [0, 0, 1] };
    expect(performanceCurve(rows)).toHaveLength(2);
    expect(apgr(rows)).toBeCloseTo(0.5, 12);
  });

  it('counts rows by their weight', () => {
    const rows = { scores: [1, 2], strong: [1, 1], weak: [0, 0], weights: [3, 1] };
    expect(new Set(performanceCurve(rows).map(({ share }) => share))).toEqual(
      new Set([0, 0.25, 1]),
    );
  });
});

describe('apgr', () => {
  it('agrees with a curve worked out by hand', () => {
    // Sorted by score: gains 1, 0. Thresholds 0, .1 ... 1; shares 1, .5 (nine times), 0.
    const rows = { scores: [1, 0], strong: [1, 1], weak: [0, 1] };
    // Points (0, .5), (.5, 1), (1, 1): area .375 + .5 = .875; weak .5, strong 1: (.875 - .5) / .5.
    expect(apgr(rows)).toBeCloseTo(0.75, 12);
  });

  it('is below a half for a router that is upside down', () => {
    expect(apgr({ scores: [0, 1], strong: [1, 1], weak: [0, 1] })).toBeCloseTo(0.25, 12);
  });
});

describe('curveCalls', () => {
  it('interpolates to the first crossing', () => {
    const rows = { scores: [1, 0], strong: [1, 1], weak: [0, 1] };
    // Quality .5 at share 0, 1 at share .5: half of the gap at .25.
    expect(curveCalls(performanceCurve(rows), 0.5)).toBeCloseTo(0.25, 12);
    expect(curveCalls(performanceCurve(rows), 1)).toBeCloseTo(0.5, 12);
    expect(curveCalls(performanceCurve(rows), 2)).toBeNull();
  });
});

describe('calibrationError', () => {
  it('is the weighted distance between probability and frequency', () => {
    // Bin .2: mean .25 against 0; bin .8: mean .85 against 1, half of the rows each.
    expect(calibrationError([0.25, 0.25, 0.85, 0.85], [0, 0, 1, 1])).toBeCloseTo(0.2, 12);
    expect(calibrationError([0.5, 0.5], [0, 1])).toBe(0);
    expect(calibrationError([1, 0], [1, 0], [1, 5])).toBe(0);
  });
});
