import { describe, expect, test } from 'vitest';
import { curve } from '../../../src/calibration/curve.ts';
import { createQualityReader } from '../../../src/dashboard/quality.ts';
import { seededRandom } from '../../../src/math/random.ts';
import type { ValuedRow } from '../../../src/store/traffic-queries.ts';

/** Strong is right nine times of ten, weak only on what scores low; a tenth is decided by chance. */
function simulated(count: number): ValuedRow[] {
  const random = seededRandom(11);
  return Array.from({ length: count }, () => {
    const score = random();
    const isExplored = random() < 0.2;
    const tier = isExplored
      ? random() < 0.5
        ? 'strong'
        : 'weak'
      : score >= 0.5
        ? 'strong'
        : 'weak';
    const isUsual = tier === (score >= 0.5 ? 'strong' : 'weak');
    const isRight = random() < (tier === 'strong' ? 0.9 : 0.9 - 0.7 * score);
    const none = { promptChars: null, promptTokens: null, costNanoUsd: null, strongWin: null };
    return {
      ...{ score, tier, fellBack: false, propensity: isUsual ? 0.9 : 0.1, cluster: null },
      ...{ ...none, explicit: random() < 0.5 ? Number(isRight) : null },
    };
  });
}

function reader(rows: readonly ValuedRow[]) {
  const log = { rows, mark: '0', reads: 0 };
  const read = createQualityReader({
    calibrationRows: () => {
      log.reads++;
      return [...log.rows];
    },
    evidenceMark: () => log.mark,
  });
  return { log, read: (nowMs: number) => read({ router: 'mf', routerVersion: 'v1' }, nowMs) };
}

describe('measured quality on the dashboard', () => {
  test('is what calibration says at the same thresholds', () => {
    const rows = simulated(800);
    const view = reader(rows).read(0);
    const thresholds = view.points!.map(({ threshold }) => threshold);
    expect(thresholds[0]).toBe(0);
    expect(thresholds.at(-1)).toBe(1);
    const { points, quality } = curve(rows, thresholds, { resamples: 200 });
    expect(view.missing).toBeNull();
    expect(view.advantage?.value).toBeCloseTo(quality!.advantage.value, 3);
    for (const [i, point] of view.points!.entries()) {
      expect(point.quality?.value).toBeCloseTo(points[i]!.quality!.value, 3);
      expect(point.quality?.low).toBeLessThanOrEqual(point.quality!.value);
    }
    expect(view.points![0]?.pgr?.value).toBeCloseTo(1, 6);
    expect(view.points!.at(-1)?.pgr?.value).toBeCloseTo(0, 6);
  });

  test('says what is missing', () => {
    const rows = simulated(300);
    const without = rows.map((row) => ({ ...row, explicit: null }));
    expect(reader(without).read(0)).toMatchObject({ outcomes: 0, missing: 'no_outcomes' });
    const certain = rows.map((row) => ({ ...row, propensity: 1 }));
    expect(reader(certain).read(0)).toMatchObject({ missing: 'no_exploration', points: null });
  });

  test('is worked out again for new outcomes only, and those are taken together', () => {
    const { log, read } = reader(simulated(120));
    const first = read(0);
    expect(read(60_000)).toBe(first);
    expect(log.reads).toBe(1);
    log.mark = '1';
    log.rows = simulated(140);
    expect(read(61_000)).not.toBe(first);
    log.mark = '2';
    read(62_000); // too soon after the last one
    expect(log.reads).toBe(2);
    read(91_001);
    expect(log.reads).toBe(3);
  });
});
