import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTraffic } from '../../../src/dashboard/traffic.ts';
import { createMetrics } from '../../../src/metrics/metrics.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { prepareTrafficQueries } from '../../../src/store/traffic-queries.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const nowMs = Date.UTC(2025, 0, 2, 3, 10);
const prices = {
  strong: { inputPerMtok: 10, outputPerMtok: 30, cachedInputPerMtok: 2.5 },
  weak: { inputPerMtok: 1, outputPerMtok: 3 },
};

// 12 tokens in and 34 out each: 1.14 million nano-dollars by strong, 0.114 by weak.
const weak: Partial<RequestRecord> = { tier: 'weak', costNanoUsd: 114_000 };
const escalated: Partial<RequestRecord> = {
  ...{ tier: 'strong', reason: 'cascade', confidence: -1 },
  ...{ costNanoUsd: 1_140_000, discardedCostNanoUsd: 300_000 },
};
// By strong 10 of the 12 tokens in for a quarter: 75,000 less.
const cached: Partial<RequestRecord> = { ...weak, cachedTokens: 10 };
const strongCached: Partial<RequestRecord> = {
  ...{ tier: 'strong', cachedTokens: 10, costNanoUsd: 1_065_000 },
};
const notCounted: Partial<RequestRecord>[] = [
  { ...weak, router: null, routerVersion: null, reason: 'bypass' },
  { ...weak, costNanoUsd: null },
  { ...weak, completionTokens: null, costNanoUsd: 0 },
  { ...weak, tier: 'none' },
];

test.each([
  ['a gain', [weak, weak, escalated, ...notCounted], 2 * 0.001026 - 0.0003],
  ['a loss', [escalated, ...notCounted], -0.0003],
  ['with cached tokens', [cached, strongCached, ...notCounted], 0.001026 - 0.000075],
])('what /metrics and the dashboard say was saved is the same: %s', async (_, fields, saved) => {
  const database = openDatabase(join(tempFolder(), 'log.db'));
  const records = fields.map((own, i) =>
    requestRecord({ decisionId: `dec_${i}`, score: null, ...own }),
  );
  createLogWriter(database).write(packRows(records));
  const question = {
    range: '1h',
    router: { router: 'mf', routerVersion: 'mf-v1' },
    prices,
  } as const;
  const { totals } = readTraffic(prepareTrafficQueries(database), question, nowMs, () => {
    throw new Error('without scores no quality is asked for');
  });
  database.close();
  expect(totals.savings.usd).toBeCloseTo(saved, 12);

  const metrics = createMetrics({
    ...{ pools: () => [], embeddingFailures: () => 0, embeddingCache: () => null },
    ...{ routers: () => [], strongPrice: () => prices.strong },
    log: () => ({ queued: 0, written: 0, dropped: 0, failure: null }),
  });
  for (const record of records) metrics.onRequest(record);
  const text = await metrics.text();
  metrics.close();
  const valueOf = (name: string) =>
    Number(new RegExp(`^pointsman_${name} (.*)$`, 'm').exec(text)?.[1]);
  expect(valueOf('always_strong_usd_total')).toBeCloseTo(totals.savings.always_strong_usd!, 12);
  expect(valueOf('always_strong_usd_total') - valueOf('routed_cost_usd_total')).toBeCloseTo(
    saved,
    12,
  );
});
