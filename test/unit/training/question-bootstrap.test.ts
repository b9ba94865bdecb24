import { describe, expect, it } from 'vitest';
import {
  createQuestionDraw,
  percentileEstimate,
  interval95,
  resampleQuestions,
} from '../../../src/training/question-bootstrap.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import { apgr, createCurve, curveApgr } from '../../../src/training/evaluate-metrics.ts';

describe('createQuestionDraw', () => {
  const asked = (keys: string, source: string) => [...keys].map((key) => ({ key, source }));
  const sum = (counts: Uint16Array) => counts.reduce((total, count) => total + count, 0);

  it('draws all rows of a question together, and keeps the number of rows of each source', () => {
    const rows = [...asked('abcde', 'x'), ...asked('abcde', 'y'), ...asked('fghij', 'x')];
    const draw = createQuestionDraw(rows, seededRandom(1));
    const seen = new Set<string>();
    for (let run = 0; run < 50; run++) {
      const counts = draw();
      expect(counts.subarray(0, 5)).toEqual(counts.subarray(5, 10));
      expect(sum(counts.subarray(0, 5))).toBe(5);
      expect(sum(counts.subarray(10))).toBe(5);
      seen.add(counts.join());
    }
    expect(seen.size).toBeGreaterThan(45);
  });

  it('draws from sources with fewer than 5 questions together, which alone would hardly vary', () => {
    const rows = [...'abcdefgh'].map((key) => ({ key, source: `only ${key}` }));
    const draw = createQuestionDraw([...rows, ...asked('ijklm', 'x')], seededRandom(1));
    const drawn = Array.from({ length: 50 }, draw);
    expect(Math.max(...drawn.map((counts) => counts[0]!))).toBeGreaterThan(1);
    for (const counts of drawn) expect(sum(counts.subarray(0, 8))).toBe(8);
  });

  it('draws from a source with one question together with the smallest other one', () => {
    const rows = [...asked('a', 'lonely'), ...asked('bcdefgh', 'x'), ...asked('ijklm', 'y')];
    const drawn = Array.from({ length: 50 }, createQuestionDraw(rows, seededRandom(1)));
    expect(new Set(drawn.map((counts) => counts[0])).size).toBeGreaterThan(1);
    for (const counts of drawn) expect(sum(counts.subarray(1, 8))).toBe(7);
  });

  it('has no figures of a single question', () => {
    const random = seededRandom(1);
    expect(resampleQuestions(asked('aaaa', 'x'), random, 10, sum)).toEqual([]);
    expect(resampleQuestions(asked('aab', 'x'), random, 10, sum)).toHaveLength(10);
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
