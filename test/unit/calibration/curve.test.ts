import { expect, test } from 'vitest';
import type { CalibrationRow } from '../../../src/calibration/calibration-row.ts';
import { curve } from '../../../src/calibration/curve.ts';
import { fiellerInterval } from '../../../src/calibration/interval.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { mean } from '../../../src/math/vector.ts';
import {
  simulatedWorld,
  integral,
  simulateLog,
  trueQuality,
  truePgr,
  type LogSettings,
} from '../../support/simulated-log.ts';

/** Who answers strong is rated more rarely, and hard prompts more often. */
const partial: LogSettings = {
  requests: 2000,
  threshold: 0.6,
  exploration: 0.2,
  rating: (tier, x) => (tier === 'strong' ? 0.3 : 0.5) * (0.5 + x),
};

function many(settings: LogSettings, seeds: number, thresholds: readonly number[], resamples = 2) {
  return Array.from({ length: seeds }, (_, seed) => {
    const rows = simulateLog(settings, seededRandom(1000 + seed));
    return curve(rows, thresholds, { seed, resamples });
  });
}

/** How many of its own standard errors the mean of `values` is away from the truth. */
function errorsAway(values: readonly number[], truth: number): number {
  const centre = mean(values);
  const variance = mean(values.map((value) => (value - centre) ** 2));
  return Math.abs(centre - truth) / Math.sqrt(variance / values.length);
}

test('feedback on one answer each gives every threshold its true quality, over many logs', () => {
  const thresholds = [0.2, 0.5, 0.8];
  const curves = many(partial, 40, thresholds);
  for (const [k, threshold] of thresholds.entries()) {
    const qualities = curves.map(({ points }) => points[k]!.quality!.value);
    expect(errorsAway(qualities, trueQuality(threshold))).toBeLessThan(3.5);
  }
  const advantages = curves.map(({ quality }) => quality!.advantage.value);
  expect(errorsAway(advantages, trueQuality(0) - trueQuality(1))).toBeLessThan(3.5);

  // What the answers of each tier say by themselves is far off: strong gets the hard prompts.
  const naive = Array.from({ length: 60 }, (_, seed) => {
    const rows = simulateLog(partial, seededRandom(1000 + seed));
    const of = (tier: string) =>
      mean(rows.flatMap((row) => (row.tier === tier ? (row.explicit ?? []) : [])));
    return of('strong') - of('weak');
  });
  expect(errorsAway(naive, trueQuality(0) - trueQuality(1))).toBeGreaterThan(10);
});

test('comparisons give the same share of the advantage, in points won', () => {
  const settings = { ...partial, exploration: 0, rating: () => 0, comparison: 0.2 };
  const curves = many(settings, 40, [0.3, 0.7]);
  for (const [k, t] of [0.3, 0.7].entries()) {
    const gains = curves.map(({ points, quality }) => {
      return points[k]!.quality!.value - quality!.weak.value;
    });
    expect(errorsAway(gains, trueQuality(t) - trueQuality(1))).toBeLessThan(3.5);
  }
  expect(curves[0]!.sources).toMatchObject([{ name: 'judged', weight: 1 }]);
  const { weak, strong } = curves[0]!.quality!;
  expect(weak.value + strong.value).toBeCloseTo(1, 9);
});

test('of 60 intervals about 57 hold the truth', () => {
  const settings = { ...partial, requests: 1200, exploration: 0.5, comparison: 0.1 };
  const curves = many(settings, 60, [0.4], 150);
  const holds = ([low, high]: readonly [number, number], truth: number): boolean =>
    low <= truth && truth <= high;
  const counts = [
    curves.filter(({ points }) => holds(points[0]!.pgr!.interval95, truePgr(0.4))),
    curves.filter(({ quality }) =>
      holds(quality!.advantage.interval95, trueQuality(0) - trueQuality(1)),
    ),
  ];
  // Binomial(60, 0.95): under 52 with a probability of 0.6 %.
  for (const { length } of counts) expect(length).toBeGreaterThanOrEqual(52);
  // Intervals that hold everything would say nothing.
  const widths = curves.map(({ points }) => {
    const [low, high] = points[0]!.pgr!.interval95;
    return high - low;
  });
  expect(mean(widths)).toBeLessThan(0.6);
});

test('a ratio has the interval of all values that its parts do not rule out', () => {
  // Without an error of the part that is lost, from N = 1 - lost alone: Fieller's is the plain one.
  const [low, high] = fiellerInterval(0.8, 1, 0, 0.01)!;
  for (const end of [low, high]) {
    expect(Math.abs(0.8 - end)).toBeCloseTo(1.959964 * 0.1 * end, 9);
  }
  expect(fiellerInterval(0.8, 1, 0.2, 0.2)).toBeNull();
});

test('both kinds together are surer than either, and weigh by their precision', () => {
  const rows = simulateLog({ ...partial, comparison: 0.2 }, seededRandom(5));
  const width = (outcomes: 'explicit' | 'judged' | 'all') => {
    const [low, high] = curve(rows, [0.5], { outcomes, resamples: 400 }).quality!.advantage
      .interval95;
    return high - low;
  };
  const all = width('all');
  expect(all).toBeLessThan(width('explicit'));
  expect(all).toBeLessThan(width('judged'));
  const { sources } = curve(rows, [0.5], { resamples: 100 });
  expect(sources.map(({ name }) => name)).toEqual(['explicit', 'judged']);
  expect(sources[0]!.weight).toBeLessThan(sources[1]!.weight);
  expect(sources[0]!.weight + sources[1]!.weight).toBeCloseTo(1, 9);
});

test('without exploration feedback says nothing of the other tier', () => {
  const rows = simulateLog({ ...partial, exploration: 0 }, seededRandom(1)).map((row) => ({
    ...row,
    propensity: 1,
  }));
  const found = curve(rows, [0.5], { resamples: 10 });
  expect(found).toMatchObject({ noQuality: 'no_exploration', quality: null, sources: [] });
  expect(found.evidence.explicit).toMatchObject({ strong: 0, weak: 0, explored: 0 });
  expect(found.evidence.explicit.outcomes).toBeGreaterThan(400);
  expect(found.points[0]).toMatchObject({ quality: null, pgr: null });
});

test('rows logged before exploration count as requests, not as evidence', () => {
  // Before, users rated only what was bad; that must not colour what came after.
  const before = simulateLog({ ...partial, exploration: 0 }, seededRandom(1)).map((row) => ({
    ...row,
    propensity: null,
    explicit: row.explicit === null ? null : 0,
  }));
  const after = simulateLog(partial, seededRandom(2));
  const both = curve([...before, ...after], [0.5], { resamples: 10 });
  const alone = curve(after, [0.5], { resamples: 10 });
  expect(both.evidence.requests).toBe(4000);
  expect(both.sources[0]!.outcomes).toBe(alone.sources[0]!.outcomes);
  expect(both.quality!.strong.value).toBeCloseTo(alone.quality!.strong.value, 1);
});

test('tiers that do not fit their propensities, as those beside a cascade, are no evidence', () => {
  const rows = simulateLog(partial, seededRandom(9));
  // Below the threshold a cascade asks weak first, unless chance says strong: no propensity.
  const cascaded = rows.map((row) =>
    row.score < 0.6 && row.tier === 'weak' ? { ...row, propensity: null } : row,
  );
  const found = curve(cascaded, [0.5], { resamples: 10 });
  expect(found).toMatchObject({ noQuality: 'unlike_propensities', quality: null });
  const compared = cascaded.map((row, i) => ({ ...row, strongWin: i % 2 }));
  expect(curve(compared, [0.5], { resamples: 10 }).sources).toMatchObject([{ name: 'judged' }]);
});

test('nor are the costs of such tiers', () => {
  const rows = simulateLog({ ...partial, requests: 4000 }, seededRandom(9));
  const cascaded = rows.map((row) =>
    row.score < 0.6 && row.tier === 'weak' ? { ...row, propensity: null } : row,
  );
  expect(curve(rows, [0.5], { resamples: 2 }).cost!.basis).toBe('explored');
  expect(curve(cascaded, [0.5], { resamples: 2 }).cost!.basis).toBe('modelled');
});

test('where every request was compared and the easy ones are ties, a share of the advantage is not sure', () => {
  const requests = 60;
  const [row] = simulateLog({ ...partial, requests: 1 }, seededRandom(1));
  const rows = Array.from({ length: requests }, (_, i) => {
    const strongWin = i < 12 ? 0.5 : i % 5 === 0 ? 0 : 1;
    return { ...row!, score: (i + 0.5) / requests, explicit: null, strongWin };
  });
  const { value, interval95 } = curve(rows, [0.2], { resamples: 100 }).points[0]!.pgr!;
  expect(value).toBe(1);
  // 12 comparisons of 60: Fieller's interval.
  expect(interval95[0]).toBeLessThan(0.95);
  expect(interval95[1]).toBeGreaterThan(1.05);
});

test('after a fallback the feedback is about another model and is left out', () => {
  const rows = simulateLog(partial, seededRandom(3));
  const broken = rows.map((row, i) =>
    i % 2 === 0 ? { ...row, fellBack: true, explicit: 0 } : row,
  );
  const clean = rows.map((row, i) => (i % 2 === 0 ? { ...row, explicit: null } : row));
  const options = { resamples: 10 };
  expect(curve(broken, [0.5], options).quality).toEqual(curve(clean, [0.5], options).quality);
});

test('too few outcomes are no evidence', () => {
  const rows = simulateLog({ ...partial, requests: 15 }, seededRandom(1));
  expect(curve(rows, [0.5]).noQuality).toBe('too_few');
  const silent = rows.map((row) => ({ ...row, explicit: null }));
  expect(curve(silent, [0.5]).noQuality).toBe('no_outcomes');
  expect(curve([], [0.5]).points[0]!.quality).toBeNull();
});

test('costs of the tier that did not answer are estimated; shares and savings follow', () => {
  const rows = simulateLog({ ...partial, rating: () => 0 }, seededRandom(4));
  const found = curve(rows, [0.3, 0.9], { resamples: 200 });
  // A prompt has 54.5 tokens on average.
  const [strong, weak] = [2000 + 545, 100 + 54.5];
  expect(found.cost!.basis).toBe('explored');
  expect(found.cost!.strongUsd.value / (strong * 1e-6)).toBeCloseTo(1, 1);
  const [point] = found.points;
  expect(point!.share).toBeCloseTo(0.7, 1);
  const expected = (point!.share * strong + (1 - point!.share) * weak) * 1e-6;
  expect(Math.abs(point!.costPer1kUsd!.value / expected - 1)).toBeLessThan(0.02);
  expect(point!.savedAgainstStrongUsd!.value).toBeCloseTo(
    found.cost!.strongUsd.value - point!.costPer1kUsd!.value,
    12,
  );
  expect(point!.extraAgainstWeakUsd!.value).toBeCloseTo(
    point!.costPer1kUsd!.value - found.cost!.weakUsd.value,
    12,
  );
  const unexplored = rows.map((row) => ({ ...row, propensity: 1 }));
  const modelled = curve(unexplored, [0.3], { resamples: 10 });
  expect(modelled.cost!.basis).toBe('modelled');
  expect(modelled.cost!.strongUsd.value / (strong * 1e-6)).toBeCloseTo(1, 1);
  const unpriced = rows.map((row) => ({ ...row, costNanoUsd: null }));
  expect(curve(unpriced, [0.3], { resamples: 2 }).cost).toBeNull();
});

test('chance keeps the share of the advantage that it is asked; length is valued on the same rows', () => {
  const rows = simulateLog({ ...partial, comparison: 1 }, seededRandom(6));
  const [point] = curve(rows, [0.5], { resamples: 300 }).points;
  const { random, length } = point!.floors;
  expect(random!.pgr).toBe(point!.share);
  expect(random!.gain.interval95[0]).toBeGreaterThan(0);
  // Lengths say nothing in this world: chance, within its interval.
  expect(length!.pgr.interval95[0]).toBeLessThan(point!.share);
  expect(length!.pgr.interval95[1]).toBeGreaterThan(point!.share);
  expect(length!.gain.interval95[0]).toBeGreaterThan(0);
  // As long as hard: then length is as good as the score.
  const told = rows.map((row) => ({ ...row, promptChars: Math.floor(1000 * row.score) }));
  const [same] = curve(told, [0.5], { resamples: 100 }).points;
  expect(same!.floors.length!.pgr.value).toBeCloseTo(same!.pgr!.value, 1);
});

test('turns of one session count as one: the interval is wider', () => {
  const rows = simulateLog({ ...partial, requests: 400, comparison: 1 }, seededRandom(7));
  const repeated = (cluster: (i: number) => string | null): CalibrationRow[] =>
    rows.flatMap((row, i) => [1, 2, 3, 4].map(() => ({ ...row, cluster: cluster(i) })));
  const width = (log: CalibrationRow[]) => {
    const options = { outcomes: 'judged', resamples: 600 } as const;
    const [low, high] = curve(log, [0.5], options).quality!.advantage.interval95;
    return high - low;
  };
  const ratio = width(repeated((i) => `session ${i}`)) / width(repeated(() => null));
  expect(ratio).toBeGreaterThan(1.7);
  expect(ratio).toBeLessThan(2.3);
});

test('the world of these tests is what its integrals say', () => {
  expect(trueQuality(1)).toBeCloseTo(0.55, 6);
  expect(integral(simulatedWorld.strong, 0, 1)).toBeCloseTo(0.9 - 0.2 / 3, 6);
  expect(truePgr(0)).toBe(1);
});
