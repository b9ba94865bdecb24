import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.ts';
import { ask, get, post } from '../support/chat.ts';
import { readAppliedThreshold, readLog } from '../support/read-log.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';

async function cli(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const code = await runCli(args, { stdin, stdout, stderr, env: {} });
  return { code, out: String(stdout.read() ?? ''), err: String(stderr.read() ?? '') };
}

test('calibrate → apply → the next request uses it; a restart keeps it', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url });
  const chat = (text: string) => post(`${gateway.url}/v1/chat/completions`, ask(text));
  const calibrate = (...args: string[]) =>
    cli('calibrate', '--db', gateway.db, '--strong-model-pct', '0.25', ...args);

  // 120 scores, spread evenly over 0 … 0.5; they are in the file a moment after the answer.
  for (let i = 0; i < 40; i++) await chat(`${(i / 240).toFixed(4)} x`);
  await expect.poll(() => readLog(gateway.db).length).toBe(40);
  const refused = await calibrate();
  expect(refused.code).toBe(2);
  expect(refused.err).toMatch(/40.*need|need.*40/i);

  for (let i = 40; i < 120; i++) await chat(`${(i / 240).toFixed(4)} x`);
  expect((await chat('0.4 x')).headers.get('x-pointsman-tier')).toBe('weak');
  await expect.poll(() => readLog(gateway.db).length).toBe(121);
  const applied = await calibrate('--apply');
  expect(applied.out).toMatch(/^For 25\.0% strong model calls for mf, threshold = 0\.3\d{4}$/m);
  expect(applied.out).toMatch(/running server/);
  const next = await chat('0.4 x');
  expect(next.headers.get('x-pointsman-tier')).toBe('strong');
  const threshold = Number(next.headers.get('x-pointsman-threshold'));
  expect(threshold).toBeCloseTo(0.75 * (119 / 240), 1);
  const health = await get(`${gateway.url}/health`);
  expect(health.json).toMatchObject({ routers: [{ name: 'mf', origin: 'calibrated' }] });

  const { goal, score_deciles } = readAppliedThreshold(gateway.db);
  expect(goal).toBe('strong_share');
  const deciles = JSON.parse(String(score_deciles)) as number[];
  expect(deciles).toHaveLength(11);
  expect([deciles[0], deciles[10]]).toEqual([0, 0.4958]);

  const again = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    db: gateway.db,
  }));
  const kept = await post(`${again.url}/v1/chat/completions`, ask('0.4 x'));
  expect(kept.headers.get('x-pointsman-threshold')).toBe(String(threshold));
  await again.close();
  await gateway.close();
  await upstream.close();
});
