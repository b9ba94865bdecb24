import { describe, expect, it } from 'vitest';
import type { WinRateParameters } from '../../../src/routing/matrix-factorization.ts';
import { calibrationReport, halfOf } from '../../../src/training/calibration-report.ts';
import { factorMatrix } from '../../../src/training/factor-matrix.ts';
import type { Outcome } from '../../../src/training/outcomes.ts';
import { tinyWeights } from '../../support/tiny-router.ts';

const pair = ['big', 'small'] as const;
/** Lines that always say nearly 1, and nearly 0. */
const [surely, hardly]: readonly WinRateParameters[] = [
  [20, 0, 0, 0, 0],
  [-20, 0, 0, 0, 0],
];

/** Strong wins wherever the question is in half 0, weak where it is in half 1. */
function rowsOf(keys: readonly string[]): Outcome[] {
  return keys.map((key) => {
    const won = halfOf({ key }) === 0 ? 1 : 0;
    return {
      id: key,
      key,
      source: 'exam',
      prompt: key,
      metric: 'accuracy',
      scores: { big: won, small: 1 - won },
    };
  });
}

const weights = tinyWeights();
const shipped = { ...weights, metadata: { ...weights.metadata, winRate: surely! } };

function report(rows: readonly Outcome[], lines: readonly [WinRateParameters, WinRateParameters]) {
  const vector = Float32Array.of(1, 0, 0, 0);
  const prompts = rows.map(({ prompt }) => ({
    ...{ text: prompt, embedding: { vector, tokens: 1, unknownShare: 0 } },
  }));
  return calibrationReport(shipped, rows, factorMatrix(prompts, shipped), lines, [pair]);
}

describe('calibrationReport', () => {
  const rows = rowsOf(Array.from({ length: 100 }, (_, i) => `q${i}`));

  it('scores each half by the line that was fitted on the other', () => {
    // The line of half 0 has seen that strong always wins there; of half 1 it is wrong each time.
    const { crossFitted, sameRows, pairs } = report(rows, [surely!, hardly!]);
    expect(crossFitted).toBeCloseTo(1, 6);
    expect(pairs).toMatchObject([{ strong: 'big', weak: 'small', prompts: 100 }]);
    expect(report(rows, [hardly!, surely!]).crossFitted).toBeCloseTo(0, 6);
    // The shipped line says nearly 1 for all.
    const wins = rows.filter(({ scores }) => scores['big'] === 1).length;
    expect(sameRows).toBeCloseTo(1 - wins / 100, 6);
  });

  it('says nothing where all questions are in one half', () => {
    const half = rows.filter(({ key }) => halfOf({ key }) === 0);
    expect(report(half, [surely!, hardly!])).toEqual({
      ...{ crossFitted: null, sameRows: null, pairs: [] },
    });
  });
});
