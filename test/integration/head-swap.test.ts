import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { correctedWinRate } from '../../src/routing/local-head.ts';
import { seededRandom } from '../../src/math/random.ts';
import { withdrawHead } from '../../src/store/apply-head.ts';
import { applyTestHead, steepHead } from '../support/apply-test-head.ts';
import { ask, get, post } from '../support/chat.ts';
import { readLog } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});
afterAll(() => upstream.close());

const start = (change: Partial<Config>) =>
  startTestGateway({ strong: upstream.url }, (config) => ({ ...config, ...change }));

async function sendAll(gateway: TestGateway, scores: readonly number[]): Promise<string[]> {
  const tiers: string[] = [];
  for (let at = 0; at < scores.length; at += 20) {
    const some = scores.slice(at, at + 20).map(async (score) => {
      const url = `${gateway.url}/v1/chat/completions`;
      const { headers } = await post(url, ask(`${score.toFixed(4)} x`));
      return headers.get('x-pointsman-tier') ?? '';
    });
    tiers.push(...(await Promise.all(some)));
  }
  return tiers;
}

interface Reading {
  readonly version: string;
  readonly threshold: number;
  readonly origin: string;
  readonly recent: { readonly scores: number };
  readonly drift: {
    readonly reference: { readonly origin: string; readonly scores: number };
  } | null;
}

async function routerOf(gateway: TestGateway): Promise<Reading> {
  const { json } = await get(`${gateway.url}/health`);
  return (json['routers'] as Reading[])[0]!;
}

const uniform = (count: number, seed: number, high = 0.5) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => high * random());
};
/** Of a score, by the head that the tests apply. */
const steep = (score: number) => correctedWinRate(steepHead, score, Float32Array.of(0.6, 0.8));

async function rollBack(gateway: TestGateway): Promise<void> {
  await withdrawHead(gateway.db, null);
  await expect.poll(async () => (await routerOf(gateway)).version).toBe('scripted-1');
}

describe('a head that is swapped while a share is held', () => {
  test('has a window of its own, and the share holds; so does the one before, after a rollback', async () => {
    const gateway = await start({ targetStrongShare: 0.3 });
    await sendAll(gateway, uniform(300, 1));
    const before = await routerOf(gateway);
    expect(before).toMatchObject({ origin: 'online', recent: { scores: 300 } });
    expect(before.threshold).toBeCloseTo(0.35, 1);

    // 30 % of the scores, as `train --apply` would find it.
    const threshold = steep(0.35);
    const { head_version: version } = await applyTestHead(gateway.db, { threshold });
    expect(await routerOf(gateway)).toMatchObject({
      ...{ version, origin: 'calibrated', threshold, recent: { scores: 0 }, drift: null },
    });
    await sendAll(gateway, uniform(100, 2));
    const held = await routerOf(gateway);
    expect(held).toMatchObject({ version, origin: 'online', recent: { scores: 100 } });
    const tiers = await sendAll(gateway, uniform(300, 3));
    expect(tiers.filter((tier) => tier === 'strong').length / 300).toBeCloseTo(0.3, 0.7);
    const after = await routerOf(gateway);
    expect(after.threshold).toBeCloseTo(threshold, 1);
    expect(after.drift?.reference).toMatchObject({ origin: 'calibration', scores: 1000 });

    await rollBack(gateway);
    expect(await routerOf(gateway)).toEqual(before);
    const again = await sendAll(gateway, uniform(200, 4));
    expect(again.filter((tier) => tier === 'strong').length / 200).toBeCloseTo(0.3, 0.7);
    await gateway.close();
  });

  test('follows the traffic also when it came before enough scores were known', async () => {
    const gateway = await start({ targetStrongShare: 0.3 });
    await sendAll(gateway, uniform(20, 1));
    expect(await routerOf(gateway)).toMatchObject({ origin: 'default' });
    const { head_version: version } = await applyTestHead(gateway.db, { threshold: 0.9 });
    expect(await routerOf(gateway)).toMatchObject({
      version,
      origin: 'calibrated',
      threshold: 0.9,
    });
    await sendAll(gateway, uniform(150, 2));
    const held = await routerOf(gateway);
    expect(held).toMatchObject({ version, origin: 'online' });
    expect(held.threshold).toBeLessThan(0.5);
    await gateway.close();
  });
});

test('every row has a score, a threshold and a propensity of one and the same head', async () => {
  const gateway = await start({ exploration: 0.5 });
  const running = sendAll(gateway, uniform(400, 5, 1));
  const { head_version: version } = await applyTestHead(gateway.db);
  await running;
  const later = sendAll(gateway, uniform(200, 6, 1));
  await rollBack(gateway);
  await later;
  await sendAll(gateway, uniform(20, 7, 1));
  await expect.poll(() => readLog(gateway.db).length).toBe(620);
  const rows = readLog(gateway.db);
  const thresholds = { 'scripted-1': 0.5, [version]: 0.7 };
  for (const row of rows) {
    const { score, tier, propensity, reason } = row;
    const routerVersion = String(row['router_version']);
    expect(row['threshold'], routerVersion).toBe(thresholds[routerVersion]);
    const byScore = Number(score) >= Number(row['threshold']) ? 'strong' : 'weak';
    expect(reason).toBe(tier === byScore ? 'score' : 'exploration');
    expect(propensity).toBe(tier === byScore ? 0.75 : 0.25);
  }
  expect(new Set(rows.map((row) => row['router_version']))).toEqual(
    new Set(['scripted-1', version]),
  );
  await gateway.close();
});

test('a reload beside a change of heads serves the new routers with the head in force', async () => {
  const gateway = await start({});
  const [, { head_version: version }] = await Promise.all([
    gateway.replace(gateway.config, gateway.parts),
    applyTestHead(gateway.db),
  ]);
  await expect.poll(async () => (await routerOf(gateway)).version).toBe(version);
  await gateway.replace(gateway.config, gateway.parts);
  expect(await routerOf(gateway)).toMatchObject({ version, threshold: 0.7, origin: 'calibrated' });
  await rollBack(gateway);
  expect(await routerOf(gateway)).toMatchObject({ threshold: 0.5, origin: 'default' });
  await gateway.close();
});
