import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import { calibrateThreshold, InsufficientData } from '../../../src/training/calibrate.ts';

const few = { minimum: 1 };

describe('calibrateThreshold', () => {
  it('is numpy.quantile(scores, 1 - share)', () => {
    const scores = Float64Array.of(0.8, 0.1, 0.4, 0.2);
    expect(calibrateThreshold(scores, 0.5, few).threshold).toBeCloseTo(0.3, 12);
    expect(calibrateThreshold(scores, 0.1, few).threshold).toBeCloseTo(0.68, 12);
    expect(calibrateThreshold(scores, 0, few).threshold).toBe(0.8);
    expect(calibrateThreshold(scores, 1, few).threshold).toBe(0.1);
  });

  it('sends the wished share to strong, within a prompt, when no scores tie', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 80 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const scores = Float64Array.from(values);
          const { threshold, achievedShare } = calibrateThreshold(scores, share, few);
          const sent = values.filter((score) => score >= threshold).length / values.length;
          expect(achievedShare).toBe(sent);
          expect(Math.abs(sent - share)).toBeLessThanOrEqual(1 / values.length + 1e-9);
        },
      ),
    );
  });

  it('says what is really sent where scores tie', () => {
    const scores = Float64Array.of(0.5, 0.5, 0.5, 0.9);
    expect(calibrateThreshold(scores, 0.5, few)).toMatchObject({
      threshold: 0.5,
      achievedShare: 1,
      shareAbove: 0.25,
      distinctScores: 2,
      isOnTarget: false,
    });
    expect(calibrateThreshold(scores, 0.25, few)).toMatchObject({
      achievedShare: 0.25,
      isOnTarget: true,
    });
  });

  it('is on target within 3 points, or within a prompt of a few', () => {
    const tied = (count: number, of: number) =>
      Float64Array.from({ length: of }, (_, i) => (i < count ? 0.5 : 0.5 + i / of));
    expect(calibrateThreshold(tied(53, 100), 0.97).isOnTarget).toBe(true);
    expect(calibrateThreshold(tied(53, 100), 0.96).isOnTarget).toBe(false);
    expect(calibrateThreshold(Float64Array.of(0.1, 0.2, 0.3), 0.5, few).isOnTarget).toBe(true);
  });

  it('gives an interval that covers the true threshold about 95 times in 100', () => {
    const random = seededRandom(3);
    let covered = 0;
    const runs = 1000;
    for (let run = 0; run < runs; run++) {
      const scores = Float64Array.from({ length: 150 }, random);
      const [low, high] = calibrateThreshold(scores, 0.3).interval95;
      if (low <= 0.7 && 0.7 <= high) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.93);
    expect(covered / runs).toBeLessThan(0.99);
  });

  it('refuses too few scores and names the number that is needed', () => {
    const scores = new Float64Array(99);
    expect(() => calibrateThreshold(scores, 0.5)).toThrow(InsufficientData);
    expect(() => calibrateThreshold(scores, 0.5)).toThrow(
      /at least 100 scored prompts, there are 99/,
    );
    expect(() => calibrateThreshold(new Float64Array(0), 0.5, { minimum: 0 })).toThrow(
      InsufficientData,
    );
  });

  it.each([-0.1, 1.1, NaN])('refuses the share %f', (share) => {
    expect(() => calibrateThreshold(new Float64Array(100), share)).toThrow(RangeError);
  });

  it('refuses a score that is not finite', () => {
    expect(() => calibrateThreshold(new Float64Array(100).fill(NaN), 0.5)).toThrow(RangeError);
  });
});
