import { describe, expect, it } from 'vitest';
import { deciles, sorted } from '../../../src/math/quantile.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import { unscored } from '../../../src/routing/decision.ts';
import { measureDrift, type ScoreReference } from '../../../src/routing/drift.ts';
import { ScoreWatch, type WatchedDrift } from '../../../src/routing/score-watch.ts';

type Draw = (random: Random) => number;

function referenceFrom(scores: readonly number[]): ScoreReference {
  return {
    ...{ origin: 'calibration', deciles: deciles(scores), scores: scores.length },
    sinceUtc: '2025-01-02T03:04:05.678Z',
  };
}

const draws = (count: number, draw: Draw, random: Random) =>
  Array.from({ length: count }, () => draw(random));

const smooth: Draw = (random) => random() ** 2;
const withTie: Draw = (random) => (random() < 0.25 ? 0.3 : random());

describe('drift of the scores', () => {
  it('follows the formula of the PSI', () => {
    // Tenths 0.1 apart; 1000 scores, of which the lowest tenth has 200 and the highest none.
    const reference = { ...referenceFrom([0]), scores: 1_000_000 };
    const even = { ...reference, deciles: Array.from({ length: 11 }, (_, i) => i / 10) };
    const scores = Float64Array.from({ length: 1000 }, (_, i) =>
      i < 200 ? (i + 0.5) / 2000 : 0.1 + (i - 199.5) / 1000,
    );
    const drift = measureDrift(scores, even)!;
    const half = 0.5 / 1000;
    expect(drift.psi).toBeCloseTo(0.1 * Math.log(2) + (half - 0.1) * Math.log(half / 0.1), 9);
    expect(drift).toMatchObject({ level: 'major', bins: 10, scores: 1000 });
    expect(drift.ks).toBeCloseTo(0.1, 9);
    expect(drift.psiExpected).toBeCloseTo(0.009, 4);
    expect(drift.psiNoise).toBeCloseTo(0.0279, 4);
  });

  it.each([
    // 2 (exp(-2 x²) - exp(-8 x²)) at x = 1.12428 and 2.24856, Stephens' argument
    [1000, 1000, 0.05, 0.1595],
    [1000, 1000, 0.1, 0.00008118],
  ])('has the significance of KS: %d and %d scores, %d apart', (n, m, distance, p) => {
    const even = Array.from({ length: 11 }, (_, i) => i / 10);
    const reference = { ...referenceFrom([0]), deciles: even, scores: m };
    // Uniform, but for `distance` of all that moved from above 0.5 to below.
    const scores = Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);
    const moved = sorted(scores.map((x, i) => (x > 0.5 && i % 10 < 20 * distance ? x - 0.5 : x)));
    const drift = measureDrift(moved, reference)!;
    expect(drift.ks).toBeCloseTo(distance, 9);
    expect(Math.abs(drift.ksP - p)).toBeLessThan(0.001 * p);
  });

  it.each([
    ['smooth scores, a small calibration', smooth, 100, 1000],
    ['smooth scores, few recent ones', smooth, 1000, 200],
    ['a quarter of the scores tied, a small calibration', withTie, 100, 200],
    ['a quarter of the scores tied', withTie, 1000, 1000],
  ] as const)('is no false alarm: %s', (_, draw, m, n) => {
    let alarms = 0;
    let [psi, expected] = [0, 0];
    for (let seed = 0; seed < 600; seed++) {
      const random = seededRandom(seed);
      const reference = referenceFrom(draws(m, draw, random));
      const drift = measureDrift(sorted(draws(n, draw, random)), reference)!;
      if (drift.level !== 'stable') alarms++;
      psi += drift.psi;
      expected += drift.psiExpected;
    }
    // One in 1,000 by construction: more than 6 of 600 happens once in 10^6 times.
    expect(alarms).toBeLessThanOrEqual(6);
    expect(psi / expected).toBeCloseTo(1, 0.8);
  });

  it('is found in nearly every sample when the scores have moved', () => {
    let [moderate, major] = [0, 0];
    for (let seed = 0; seed < 100; seed++) {
      const random = seededRandom(seed);
      const reference = referenceFrom(draws(1000, smooth, random));
      const level = (draw: Draw) => measureDrift(sorted(draws(1000, draw, random)), reference)!.level; // prettier-ignore
      if (level((r) => r() ** 1.3) !== 'stable') moderate++;
      if (level((r) => r()) === 'major') major++;
    }
    expect(moderate).toBeGreaterThan(95);
    expect(major).toBeGreaterThan(95);
  });

  it('is unknown with too few scores, or none that differ', () => {
    const random = seededRandom(1);
    const reference = referenceFrom(draws(1000, smooth, random));
    expect(measureDrift(sorted(draws(199, smooth, random)), reference)).toBeNull();
    const same = referenceFrom(draws(1000, () => 0.5, random));
    expect(measureDrift(sorted(draws(500, () => 0.5, random)), same)).toBeNull();
  });
});

describe('the watch over scores', () => {
  const decision = (score: number, tier: 'strong' | 'weak' = 'weak'): Decision => ({
    ...unscored,
    ...{ id: 'dec_1', tier, group: tier, reason: 'score', router: 'mf', routerVersion: 'v1' },
    ...{ score, threshold: 0.5, text: 'x', decisionMs: 1 },
  });

  it('tells of each change of level once, and does not flap at a border', () => {
    const told: string[] = [];
    const watch = new ScoreWatch((version, { level }: WatchedDrift, from) => {
      told.push(`${version}: ${from} to ${level}`);
    });
    const random = seededRandom(2);
    const reference = referenceFrom(draws(5000, smooth, random));
    watch.begin('v1', { all: draws(1000, smooth, random), followed: [] }, reference);
    const feed = (count: number, draw: Draw) => {
      for (const score of draws(count, draw, random)) watch.observe(decision(score), true);
    };
    feed(3000, smooth);
    expect(told).toEqual([]);
    feed(20_000, (r) => r() ** 1.45); // a PSI that wanders about 0.1
    expect(told.length).toBeLessThanOrEqual(3);
    told.length = 0;
    feed(3000, (r) => r());
    expect(told.at(-1)).toMatch(/to major$/);
    expect(watch.read('v1').drift).toMatchObject({ level: 'major', reference });
    feed(3000, smooth);
    expect(told.at(-1)).toMatch(/to stable$/);
    expect(told.length).toBeLessThanOrEqual(5);
  });

  it('begins anew after a calibration', () => {
    const watch = new ScoreWatch(() => undefined);
    const random = seededRandom(2);
    const reference = referenceFrom(draws(500, smooth, random));
    watch.begin('v1', { all: draws(1000, (r) => r(), random), followed: [] }, reference);
    expect(watch.read('v1').drift?.level).toBe('major');
    watch.compareWith('v1', referenceFrom(draws(500, (r) => r(), random)));
    expect(watch.read('v1').drift).toBeNull();
    for (const score of draws(300, (r) => r(), random)) watch.observe(decision(score), false);
    expect(watch.read('v1').drift?.level).toBe('stable');
  });

  it('forgets versions whose routers are gone', () => {
    const watch = new ScoreWatch(() => undefined);
    watch.observe(decision(0.5), true);
    expect(watch.read('v1').scores).toBe(1);
    watch.keepOnly(new Set(['v2']));
    expect(watch.has('v1')).toBe(false);
    expect(watch.read('v1')).toEqual({ scores: 0, strongShare: null, drift: null });
  });
});
