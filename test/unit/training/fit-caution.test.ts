import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import { expectedQuality, type MfHead } from '../../../src/routing/matrix-factorization.ts';
import { readPrompt } from '../../../src/routing/prompt-features-text.ts';
import { markCount } from '../../../src/routing/prompt-features-marks.ts';
import { scaledMarks } from '../../../src/routing/prompt-factors.ts';
import { halfOf } from '../../../src/training/calibration-report.ts';
import { pairsToReport } from '../../../src/training/dev-report.ts';
import { fitCaution } from '../../../src/training/fit-caution.ts';
import type { Outcome } from '../../../src/training/outcomes.ts';

/** One factor, x itself: the longer the prompt, the harder. */
const head: MfHead = {
  ...{ inputs: 1, hidden: 0, rank: 1 },
  linear: Float64Array.of(1),
  hiddenWeights: new Float64Array(0),
  hiddenBias: new Float64Array(0),
  output: new Float64Array(0),
  models: Float64Array.of(1, 1, 0.5),
  modelBias: Float64Array.of(1, -1, -2),
  topics: null,
};

describe('fitCaution', () => {
  const random = seededRandom(4);
  const texts = Array.from({ length: 300 }, () => 'a'.repeat(5 + Math.floor(200 * random())));
  const x = Float64Array.from(texts, (text) => 3 - Math.log1p(text.length));
  const rows = {
    ...{ count: 300, x, weights: new Float64Array(300).fill(1) },
    starts: new Uint32Array(301),
    models: new Uint16Array(0),
    qualities: new Float32Array(0),
  };
  const caution = fitCaution(texts, rows, head);

  it('guesses the factors from marks as well as they allow', () => {
    for (const i of [0, 100, 200]) {
      const marks = scaledMarks(readPrompt(texts[i]!), caution);
      const guess = marks.reduce((sum, s, j) => sum + caution.linear[j]! * s, caution.bias[0]!);
      expect(Math.abs(guess - x[i]!)).toBeLessThan(0.05);
    }
    expect(caution.linear).toHaveLength(markCount);
  });

  it('calls easy where the weaker half of the models does well', () => {
    // Of three models, the two up to the median.
    const weaker = [1, 2].map((m) => expectedQuality(head, m, caution.easy));
    expect((weaker[0]! + weaker[1]!) / 2).toBeCloseTo(0.9, 3);
  });
});

describe('halfOf', () => {
  it('puts about half of the questions on either side, each always on the same', () => {
    const halves: number[] = Array.from({ length: 400 }, (_, i) => halfOf({ key: `k${i}` }));
    const second = halves.filter((half) => half === 1).length;
    expect(second).toBeGreaterThan(150);
    expect(second).toBeLessThan(250);
    expect(halfOf({ key: 'k7' })).toBe(halves[7]);
  });
});

describe('pairsToReport', () => {
  const rowsOf = (scores: Record<string, number>): Outcome[] =>
    Array.from({ length: 50 }, (_, i) => ({
      ...{ id: `${i}`, source: 's', prompt: 'p', metric: 'score', key: `${i}` },
      scores,
    }));

  it('takes the usual pairs where the data has them', () => {
    const pair = ['gemma-2-27b-it', 'gemma-2-2b-it'];
    expect(pairsToReport(rowsOf({ [pair[0]!]: 1, [pair[1]!]: 0, other: 1 }))).toEqual([pair]);
  });

  it('else the best model with each of the others', () => {
    expect(pairsToReport(rowsOf({ mine: 0.5, cheap: 0.2, best: 0.9 }))).toEqual([
      ['best', 'mine'],
      ['best', 'cheap'],
    ]);
    expect(pairsToReport([])).toEqual([]);
  });
});
