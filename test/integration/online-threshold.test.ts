import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import type { Config } from '../../src/config/config.ts';
import { deciles } from '../../src/math/quantile.ts';
import { seededRandom } from '../../src/math/random.ts';
import { applyThreshold } from '../../src/store/apply-threshold.ts';
import { ask, get, post } from '../support/chat.ts';
import { readLog } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { scriptedRouter, startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});

afterAll(async () => {
  await upstream.close();
});

const holding = (share: number) => (config: Config) => ({ ...config, targetStrongShare: share });

async function send(gateway: TestGateway, score: number, model = 'auto') {
  const reply = await post(
    `${gateway.url}/v1/chat/completions`,
    ask(`${score.toFixed(4)} x`, { model }),
  );
  return {
    tier: reply.headers.get('x-pointsman-tier'),
    threshold: Number(reply.headers.get('x-pointsman-threshold')),
  };
}

async function sendAll(gateway: TestGateway, scores: readonly number[], model = 'auto') {
  const replies: Awaited<ReturnType<typeof send>>[] = [];
  for (let at = 0; at < scores.length; at += 20) {
    const some = scores.slice(at, at + 20).map((score) => send(gateway, score, model));
    replies.push(...(await Promise.all(some)));
  }
  return replies;
}

const routerOf = async (gateway: TestGateway) => {
  const { json } = await get(`${gateway.url}/health`);
  return (json['routers'] as Record<string, unknown>[])[0]!;
};

const uniform = (count: number, seed: number, low = 0, high = 0.5) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => low + (high - low) * random());
};

describe('target_strong_share', () => {
  test('follows the traffic from the 100th score on, over reloads and a restart', async () => {
    const gateway = await startTestGateway({ strong: upstream.url }, holding(0.3));
    await sendAll(gateway, uniform(99, 1));
    expect(await routerOf(gateway)).toMatchObject({
      ...{ threshold: 0.5, origin: 'default', target_strong_share: 0.3 },
      recent: { scores: 99, strong_share: 0 },
    });
    const [hundredth] = await sendAll(gateway, [0.1]);
    expect(hundredth).toEqual({ tier: 'weak', threshold: 0.5 });

    const replies = await sendAll(gateway, uniform(200, 2));
    const strong = replies.filter(({ tier }) => tier === 'strong').length;
    expect(strong / 200).toBeCloseTo(0.3, 0.7);
    const now = await routerOf(gateway);
    expect(now).toMatchObject({ origin: 'online', recent: { scores: 300 } });
    expect(now['threshold']).toBeCloseTo(0.35, 1);
    await expect.poll(() => readLog(gateway.db).length).toBe(300);
    const rows = readLog(gateway.db);
    expect(rows.at(-1)!['threshold']).toBeCloseTo(replies.at(-1)!.threshold, 6);

    // A threshold of the request's own: neither moved by the others nor moving them.
    expect(await sendAll(gateway, [0.9, 0.9], 'router-mf-0.95')).toEqual([
      { tier: 'weak', threshold: 0.95 },
      { tier: 'weak', threshold: 0.95 },
    ]);
    expect(await routerOf(gateway)).toEqual({ ...now, drift: null });

    await gateway.replace(gateway.config, gateway.parts);
    expect(await routerOf(gateway)).toMatchObject({
      threshold: now['threshold'],
      origin: 'online',
    });

    await expect.poll(() => readLog(gateway.db).length).toBe(302);
    const again = await startTestGateway({ strong: upstream.url }, (config) => ({
      ...holding(0.3)(config),
      db: gateway.db,
    }));
    expect(await routerOf(again)).toEqual(now);
    await again.close();
    await gateway.close();
  });

  test('splits equal scores, and the log says how likely each tier was', async () => {
    const gateway = await startTestGateway({ strong: upstream.url }, holding(0.3));
    await sendAll(gateway, new Array<number>(100).fill(0.2));
    const replies = await sendAll(gateway, new Array<number>(200).fill(0.2));
    const strong = replies.filter(({ tier }) => tier === 'strong').length;
    expect(strong).toBeGreaterThan(30); // 60 +- 4.6 standard deviations
    expect(strong).toBeLessThan(90);
    await expect.poll(() => readLog(gateway.db).length).toBe(300);
    for (const { tier, score, threshold, propensity } of readLog(gateway.db).slice(100)) {
      expect(tier).toBe(Number(score) >= Number(threshold) ? 'strong' : 'weak');
      expect(propensity).toBeCloseTo(tier === 'strong' ? 0.3 : 0.7, 9);
    }
    await gateway.close();
  });

  test('counts what exploration draws', async () => {
    const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
      ...holding(0.3)(config),
      exploration: 0.5,
    }));
    await sendAll(gateway, uniform(300, 7));
    // Half is drawn evenly: 0.25 of all. The scores give the other 0.05, a tenth of theirs.
    expect((await routerOf(gateway))['threshold']).toBeCloseTo(0.45, 1.3);
    await gateway.close();
  });

  test('gives way to a calibration applied while it runs, until the operator says otherwise', async () => {
    const gateway = await startTestGateway({ strong: upstream.url }, holding(0.3));
    await sendAll(gateway, uniform(120, 1));
    expect(await routerOf(gateway)).toMatchObject({ origin: 'online' });
    await calibrate(gateway, 0.123, uniform(500, 9));
    expect(await routerOf(gateway)).toMatchObject({ threshold: 0.123, origin: 'calibrated' });
    await gateway.replace({ ...gateway.config, targetStrongShare: 0.2 }, gateway.parts);
    const held = await routerOf(gateway);
    expect(held).toMatchObject({ origin: 'online', target_strong_share: 0.2 });
    expect(held['threshold']).toBeCloseTo(0.4, 1);
    await gateway.close();
  });
});

async function calibrate(gateway: TestGateway, threshold: number, scores: readonly number[]) {
  const applied = {
    ...{ router: 'mf', routerVersion: 'scripted-1', threshold, strongShare: 0.3 },
    ...{ prompts: scores.length, goal: 'strong_share', scoreDeciles: deciles(scores) },
  };
  expect(await applyThreshold(gateway.db, applied, { waitMs: 10_000, pollMs: 10 })).toBe(true);
}

describe('drift', () => {
  const cli = async (...args: string[]) => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const code = await runCli(args, { stdin, stdout, stderr, env: {} });
    return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
  };
  const metric = async (gateway: TestGateway, name: string) => {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`pointsman_${name}{`));
    return line === undefined ? null : Number(line.split(' ')[1]);
  };
  const told = (gateway: TestGateway) =>
    gateway.logLines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => /drift|reference/.test(String(msg)))
      .map(({ level, msg }) => `${String(level)} ${String(msg)}`);

  test('since the calibration is told once, in /health, /metrics, the log and the command', async () => {
    const gateway = await startTestGateway({ strong: upstream.url });
    await calibrate(gateway, 0.25, uniform(500, 9));
    await sendAll(gateway, uniform(199, 3));
    expect(await routerOf(gateway)).toMatchObject({ drift: null });
    expect(await metric(gateway, 'drift_psi')).toBeNull();
    await expect.poll(() => readLog(gateway.db).length).toBe(199);
    const early = await cli('drift', '--db', gateway.db);
    expect(early.code).toBe(2);
    expect(early.err).toMatch(/199 scores since .*Z; 200 are needed, 1 more/);

    await sendAll(gateway, uniform(101, 4));
    expect(await routerOf(gateway)).toMatchObject({
      drift: {
        ...{ level: 'stable', scores: 300, bins: 10 },
        reference: { origin: 'calibration', scores: 500 },
      },
    });
    expect(await metric(gateway, 'drift_level')).toBe(0);
    expect(told(gateway)).toEqual([]);

    await sendAll(gateway, uniform(300, 5, 0.2, 0.9));
    const { drift } = (await routerOf(gateway)) as { drift: Record<string, unknown> };
    expect(drift).toMatchObject({ level: 'major', scores: 600 });
    expect(await metric(gateway, 'drift_level')).toBe(2);
    expect(await metric(gateway, 'drift_psi')).toBe(drift['psi']);
    const warnings = told(gateway);
    expect(warnings.at(-1)).toMatch(/^40 major drift of the scores since the calibration/);
    expect(new Set(warnings).size).toBe(warnings.length);
    await sendAll(gateway, uniform(100, 6, 0.2, 0.9));
    expect(told(gateway)).toEqual(warnings);

    await expect.poll(() => readLog(gateway.db).length).toBe(700);
    const shown = await cli('drift', '--db', gateway.db, '--newest', '600', '--json');
    expect(shown.code).toBe(0);
    expect(JSON.parse(shown.out)).toMatchObject({
      ...{ router: 'mf', router_version: 'scripted-1', level: 'major', scores: 600 },
      reference: { origin: 'calibration', scores: 500 },
    });
    const text = await cli('drift', '--db', gateway.db);
    expect(text.out).toMatch(/^Major drift: calibrate again/);
    expect(text.out).toMatch(/the last 700 scores of mf against the 500 calibrated on/);
    expect(text.out).toMatch(/PSI \d\.\d{3} over 10 bins/);
    await gateway.close();
  });

  test('without a calibration is measured against the traffic of the weights, and no warning', async () => {
    const trafficScores = { deciles: deciles(uniform(5000, 8, 0.5, 1)), scores: 5000 };
    const router = scriptedRouter({ trafficScores });
    const gateway = await startTestGateway({ strong: upstream.url }, undefined, [router]);
    await sendAll(gateway, uniform(200, 1));
    expect(await routerOf(gateway)).toMatchObject({
      drift: { level: 'major', reference: { origin: 'weights', scores: 5000, since: null } },
    });
    expect(told(gateway)).toEqual([
      '30 this traffic scores unlike the reference of the weights: calibrate',
    ]);
    const none = await cli('drift', '--db', gateway.db);
    expect(none.code).toBe(2);
    expect(none.err).toMatch(/No calibration .* calibrate --apply/);
    await gateway.close();
  });
});
