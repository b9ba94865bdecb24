import { describe, expect, test } from 'vitest';
import { fitAnswerTime, savedMs } from '../../../src/dashboard/answer-time.ts';
import { timeRange } from '../../../src/dashboard/time-range.ts';
import { whatIf } from '../../../src/dashboard/what-if.ts';
import { seededRandom } from '../../../src/math/random.ts';

describe('what a threshold would have done', () => {
  const random = seededRandom(5);
  const rows = Array.from({ length: 500 }, () => ({
    score: Math.round(random() * 1000) / 1000,
    promptTokens: 20 + Math.floor(random() * 100),
    cachedTokens: random() < 0.5 ? null : Math.floor(random() * 20),
    completionTokens: 1 + Math.floor(random() * 300),
  }));
  const tiers = {
    strong: {
      price: { inputPerMtok: 5, outputPerMtok: 15, cachedInputPerMtok: 1 },
      time: { answers: 50, baseMs: 600, msPerToken: 20 },
    },
    weak: {
      price: { inputPerMtok: 0.1, outputPerMtok: 0.4, cachedInputPerMtok: null },
      time: { answers: 50, baseMs: 100, msPerToken: 8 },
    },
  };

  test('is the same as deciding every request again, at every threshold', () => {
    const view = whatIf(rows, tiers);
    for (const step of [0, 1, 290, 500, 570, 999, 1000]) {
      const threshold = step / 1000;
      let [strong, usd, ms] = [0, 0, 0];
      for (const { score, promptTokens, cachedTokens, completionTokens } of rows) {
        const tier = score >= threshold ? 'strong' : 'weak';
        if (tier === 'strong') strong++;
        const { price, time } = tiers[tier];
        usd += (promptTokens * price.inputPerMtok + completionTokens * price.outputPerMtok) / 1e6;
        if (tier === 'strong') usd -= ((cachedTokens ?? 0) * 4) / 1e6;
        ms += time.baseMs + time.msPerToken * completionTokens;
      }
      const sent = view.counts.slice(step).reduce((sum, n) => sum + n, 0);
      expect(sent, `share at ${threshold}`).toBe(strong);
      expect(view.usd_per_1k?.[step]).toBeCloseTo((usd / rows.length) * 1000, 4);
      expect(view.ms_per_answer?.[step]).toBeCloseTo(ms / rows.length, 1);
    }
  });

  test('tells no cost without both prices, and no time without both speeds', () => {
    const free = { ...tiers, weak: { price: null, time: null } };
    expect(whatIf(rows, free)).toMatchObject({ count: 500, usd_per_1k: null, ms_per_answer: null });
  });

  test('leaves requests without token counts out of the means, not out of the share', () => {
    const uncounted = rows.map((row) => ({ ...row, promptTokens: null }));
    expect(whatIf([...rows, ...uncounted], tiers).usd_per_1k).toEqual(
      whatIf(rows, tiers).usd_per_1k,
    );
    expect(whatIf([...rows, ...uncounted], tiers).count).toBe(1000);
  });
});

describe('how long an answer takes', () => {
  const sums = (points: readonly [tokens: number, ms: number][]) => ({
    tier: 'strong' as const,
    n: points.length,
    x: points.reduce((sum, [x]) => sum + x, 0),
    y: points.reduce((sum, [, y]) => sum + y, 0),
    xx: points.reduce((sum, [x]) => sum + x * x, 0),
    xy: points.reduce((sum, [x, y]) => sum + x * y, 0),
  });

  test('is the least-squares line', () => {
    const line = fitAnswerTime(sums([[10, 700], [20, 900], [30, 1100]])); // prettier-ignore
    expect(line.baseMs).toBeCloseTo(500, 6);
    expect(line.msPerToken).toBeCloseTo(20, 6);
    // 40 tokens in 600 ms instead of 500 + 20 * 40, and 10 in 200 instead of 700.
    expect(savedMs(line, sums([[40, 600], [10, 200]]))).toBeCloseTo(1300 - 600 + 700 - 200, 6); // prettier-ignore
  });

  test('is never negative: a mean where answers are alike, through the origin where it would begin below', () => {
    expect(fitAnswerTime(sums([[50, 400], [50, 600]]))).toMatchObject({ baseMs: 500, msPerToken: 0 }); // prettier-ignore
    expect(fitAnswerTime(sums([[10, 900], [20, 300]]))).toMatchObject({ baseMs: 600, msPerToken: 0 }); // prettier-ignore
    const steep = fitAnswerTime(sums([[10, 10], [100, 10_000]])); // prettier-ignore
    expect(steep.baseMs).toBe(0);
    expect(steep.msPerToken).toBeCloseTo(91, 6);
  });
});

describe('a range of time', () => {
  test.each(['15m', '1h', '6h', '24h', '7d', '30d', 'all'] as const)(
    '%s ends now, in at most 97 whole buckets',
    (name) => {
      const now = Date.UTC(2025, 5, 17, 13, 37, 42, 123);
      const oldest = Date.UTC(2024, 2, 3);
      const { fromMs, toMs, bucketMs } = timeRange(name, now, oldest);
      const buckets = (toMs - fromMs) / bucketMs;
      expect(Number.isInteger(buckets)).toBe(true);
      expect(buckets).toBeLessThanOrEqual(97);
      expect(toMs).toBeGreaterThan(now);
      expect(toMs - now).toBeLessThanOrEqual(bucketMs);
      if (name === 'all') expect(fromMs).toBeLessThanOrEqual(oldest);
      // It moves on by whole buckets only.
      expect(timeRange(name, toMs - 1, oldest).toMs).toBe(toMs);
    },
  );
});
