import { describe, expect, it } from 'vitest';
import {
  createQuestionDraw,
  percentileEstimate,
  interval95,
} from '../../../src/training/question-bootstrap.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import { apgr, createCurve, curveApgr } from '../../../src/training/evaluate-metrics.ts';

describe('createQuestionDraw', () => {
  const rows = [
    { key: 'a', source: 'x' },
    { key: 'a', source: 'y' },
    { key: 'b', source: 'x' },
    { key: 'b', source: 'y' },
    { key: 'c', source: 'x' },
    { key: 'd', source: 'x' },
  ];

  it('draws all rows of a question together, and keeps the number of rows of each source', () => {
    const draw = createQuestionDraw(rows, seededRandom(1));
    const seen = new Set<string>();
    for (let run = 0; run < 50; run++) {
      const counts = draw();
      expect(counts[0]).toBe(counts[1]);
      expect(counts[2]).toBe(counts[3]);
      expect(counts[0]! + counts[2]!).toBe(2);
      expect(counts[4]! + counts[5]!).toBe(2);
      seen.add(counts.join());
    }
    expect(seen.size).toBe(9);
  });
});

describe('interval95', () => {
  it('is numpy.quantile at 2.5 and 97.5 %, without what is not defined', () => {
    const values = Array.from({ length: 41 }, (_, i) => 40 - i);
    expect(interval95([...values, NaN, null])).toEqual([1, 39]);
    expect(interval95([NaN])).toBeNull();
    expect(percentileEstimate(NaN, [1, 2])).toEqual({ value: null, interval95: null });
  });

  it('covers the true APGR about 95 times in 100', () => {
    const random = seededRandom(7);
    const truth = apgr(sample(60_000, random));
    let covered = 0;
    const runs = 250;
    for (let run = 0; run < runs; run++) {
      const rows = sample(200, random);
      const curveOf = createCurve(rows);
      const questions = rows.scores.map((_, i) => ({ key: String(i), source: 's' }));
      const draw = createQuestionDraw(questions, random);
      const values = Array.from({ length: 200 }, () => curveApgr(curveOf(draw())));
      const [low, high] = interval95(values)!;
      if (low <= truth && truth <= high) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.9);
    expect(covered / runs).toBeLessThan(0.99);
  });
});

/** The higher the score, the more often the weak model fails. */
function sample(count: number, random: Random) {
  const scores = Array.from({ length: count }, random);
  return {
    scores,
    strong: scores.map(() => (random() < 0.9 ? 1 : 0)),
    weak: scores.map((score) => (random() < 0.8 - 0.5 * score ? 1 : 0)),
  };
}
