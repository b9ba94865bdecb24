import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextAbove } from '../../../src/math/next-above.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import { boundaryFor, windowScores } from '../../../src/routing/online-threshold.ts';
import { ScoreWindow } from '../../../src/routing/score-window.ts';
import { compareScore } from '../../../src/routing/thresholds.ts';

type Draw = (random: Random) => number;

/** Streams of one unchanging kind: smooth, bunched, of few values, of one value, mixed. */
const stationary = fc.oneof(
  fc.double({ min: 0.2, max: 5, noNaN: true }).map(
    (power): Draw =>
      (r) =>
        r() ** power,
  ),
  fc
    .tuple(
      fc.double({ min: 0, max: 0.9, noNaN: true }),
      fc.double({ min: 1e-6, max: 0.1, noNaN: true }),
    ) // prettier-ignore
    .map(
      ([low, width]): Draw =>
        (r) =>
          low + width * r(),
    ),
  fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 }).map(
    (values): Draw =>
      (r) =>
        values[Math.floor(r() * values.length)]!,
  ),
  fc
    .tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
    ) // prettier-ignore
    .map(
      ([atom, mass]): Draw =>
        (r) =>
          r() < mass ? atom : r(),
    ),
);
const shares = fc.double({ min: 0.02, max: 0.98, noNaN: true });

/** Each score is decided by those before it, then remembered. */
function decideAll(scores: readonly number[], share: number, random: Random) {
  const window = new ScoreWindow(windowScores);
  return scores.map((score) => {
    const boundary = boundaryFor(window, share);
    window.add(score);
    return { score, ...boundary, ...compareScore(score, boundary ?? { threshold: 0.5 }, random) };
  });
}

const shareOf = (decisions: readonly { tier: string }[]) =>
  decisions.filter((decision) => decision.tier === 'strong').length / decisions.length;

describe('a threshold that follows a window of scores', () => {
  it('holds the share on any stationary stream, ties or not', () => {
    fc.assert(
      fc.property(stationary, shares, fc.nat(), (draw, share, seed) => {
        const random = seededRandom(seed);
        const scores = Array.from({ length: 4000 }, () => draw(random));
        const later = decideAll(scores, share, random).slice(1000);
        // Both the window and these 3000 vary by chance: five standard errors.
        const error = Math.sqrt(share * (1 - share) * (1 / 1000 + 1 / 3000));
        expect(Math.abs(shareOf(later) - share)).toBeLessThan(5 * error + 0.002);
      }),
      { numRuns: 60 },
    );
  });

  it('holds it again one window after a shift, and does not swing', () => {
    fc.assert(
      fc.property(stationary, stationary, shares, fc.nat(), (before, after, share, seed) => {
        const random = seededRandom(seed);
        const scores = Array.from({ length: 5000 }, (_, i) => (i < 2000 ? before : after)(random));
        const decisions = decideAll(scores, share, random);
        const error = Math.sqrt((share * (1 - share) * 2) / 1000);
        // Each thousand after the first one that follows the shift.
        for (const from of [3000, 4000]) {
          const held = shareOf(decisions.slice(from, from + 1000));
          expect(Math.abs(held - share)).toBeLessThan(5 * error + 0.003);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('moves to a new distribution without going past it', () => {
    const random = seededRandom(3);
    const scores = Array.from({ length: 4000 }, (_, i) => (i < 2000 ? 0.2 : 0.6) + 0.1 * random());
    const thresholds = decideAll(scores, 0.3, random).map(({ threshold }) => threshold);
    for (const [i, threshold] of thresholds.slice(2000).entries()) {
      expect(threshold).toBeGreaterThanOrEqual(0.2);
      expect(threshold).toBeLessThanOrEqual(i < 950 ? 0.7 : 0.69);
    }
    expect(thresholds[3999]).toBeCloseTo(0.67, 1);
  });

  it('says the tier by score >= threshold in every row, and how likely it was', () => {
    const random = seededRandom(5);
    const scores = Array.from({ length: 3000 }, () => (random() < 0.6 ? 0.4 : random()));
    let drawn = 0;
    for (const decision of decideAll(scores, 0.3, random).slice(1000)) {
      const { score, threshold, tier, propensity, tieShare = NaN } = decision;
      expect(tier).toBe(score >= threshold ? 'strong' : 'weak');
      if (propensity === 1) continue;
      drawn++;
      expect(propensity).toBe(tier === 'strong' ? tieShare : 1 - tieShare);
    }
    expect(drawn).toBeGreaterThan(1000);
  });

  it('counts what is strong whatever its score, and leaves nothing when that is all', () => {
    const window = new ScoreWindow(10);
    for (let i = 1; i <= 8; i++) window.add(i / 10);
    window.add(Infinity);
    window.add(Infinity);
    expect(boundaryFor(window, 0.3)).toEqual({ threshold: 0.8, tieShare: 1 });
    const none = boundaryFor(window, 0.2)!;
    for (const score of [0, 0.8, 1]) {
      expect(compareScore(score, none, () => 0)).toMatchObject({ tier: 'weak', propensity: 1 });
    }
  });

  it('is null before any score', () => {
    expect(boundaryFor(new ScoreWindow(10), 0.3)).toBeNull();
  });

  it.each([
    [0.3, 0.8, 1],
    [0.25, 0.8, 0.5],
    [0.05, 1, 0.5],
    [0.99, 0.1, 0.9],
  ])('for a share of %d of ten scores is %d with %d of its ties', (share, threshold, tieShare) => {
    const window = new ScoreWindow(10);
    for (let i = 1; i <= 10; i++) window.add(i / 10);
    const boundary = boundaryFor(window, share)!;
    expect(boundary.threshold).toBe(threshold);
    expect(boundary.tieShare).toBeCloseTo(tieShare, 9);
  });
});

describe('a window of scores', () => {
  it('has the last ones in order, whatever comes', () => {
    const some = fc.array(fc.constantFrom(0, 0.1, 0.25, 0.5, 0.5000001, 1), { maxLength: 60 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 20 }), (values, capacity) => {
        const window = new ScoreWindow(capacity);
        for (const value of values) window.add(value);
        const last = values.slice(-capacity);
        expect([...window.ordered()]).toEqual(last.toSorted((a, b) => a - b));
        for (const value of [-1, 0, 0.25, 0.4, 1]) {
          expect(window.below(value)).toBe(last.filter((one) => one < value).length);
          expect(window.upTo(value)).toBe(last.filter((one) => one <= value).length);
        }
      }),
    );
  });

  it('is empty again after clear, and fills anew', () => {
    const window = new ScoreWindow(3);
    for (const value of [0.1, 0.2, 0.3, 0.4]) window.add(value);
    window.clear();
    expect(window.size).toBe(0);
    window.add(0.7);
    expect([...window.ordered()]).toEqual([0.7]);
  });
});

describe('the next number above', () => {
  it.each([0, 1e-300, 0.1, 0.5, 1])('%d has nothing between', (value) => {
    const above = nextAbove(value);
    expect(above).toBeGreaterThan(value);
    expect([value, above]).toContain((value + above) / 2);
  });
});
