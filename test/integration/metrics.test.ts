import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashOfKey, KeySet } from '../../src/access/key-set.ts';
import { ask, post } from '../support/chat.ts';
import {
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
});

beforeEach(async () => {
  await gateway?.close();
  const prices = {
    strong: { price: { inputPerMtok: 10, outputPerMtok: 30 } },
    weak: { price: { inputPerMtok: 1, outputPerMtok: 3 } },
  };
  const urls = { strong: strong.url, weak: weak.url };
  gateway = await startTestGateway(urls, (config) => withTiers(config, prices));
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const chat = (body: unknown) => post(`${gateway.url}/v1/chat/completions`, body);

/** `name{labels}` -> value. */
async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`${gateway.url}/metrics`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split('\n').filter((line) => /^[a-z]/.test(line));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at).replace('pointsman_', ''), Number(line.slice(at + 1))];
    }),
  );
}

describe('what /metrics counts', () => {
  test('requests, phases, scores, tokens, cost and what was saved', async () => {
    await chat(ask('0.1 hi'));
    await chat(ask('0.9 prove it', { stream: true }));
    await chat(ask('x', { model: 'nope' }));
    const seen = await scrape();
    const expected = {
      'requests_total{tier="weak",model="weak-model:7b",status="200",reason="score"}': 1,
      'requests_total{tier="strong",model="strong-model:7b",status="200",reason="score"}': 1,
      'requests_total{tier="none",model="none",status="404",reason="none"}': 1,
      'phase_seconds_count{phase="total"}': 2,
      'phase_seconds_count{phase="ttft"}': 2,
      'phase_seconds_count{phase="score"}': 2,
      overhead_seconds_count: 2,
      'score_bucket{le="0.05"}': 0,
      'score_bucket{le="0.1"}': 1,
      'score_bucket{le="0.9"}': 2,
      score_sum: 1,
      'tokens_total{model="weak-model:7b",direction="prompt"}': 11,
      'tokens_total{model="weak-model:7b",direction="completion"}': 7,
      'cost_usd_total{model="weak-model:7b"}': 0.000032,
      'cost_usd_total{model="strong-model:7b"}': 0.00032,
      'streams_total{outcome="done"}': 1,
      'breaker_state{deployment="weak"}': 0,
      'inflight{deployment="weak"}': 0,
      embedding_failures_total: 0,
      log_dropped_total: 0,
    };
    for (const [name, value] of Object.entries(expected)) {
      expect.soft(seen.get(name), name).toBeCloseTo(value, 9);
    }
    expect(seen.get('always_strong_usd_total')).toBeCloseTo(0.00064, 9);
    expect(seen.get('routed_cost_usd_total')).toBeCloseTo(0.000352, 9);
    expect(seen.get('log_queue_depth')).toBeGreaterThanOrEqual(0);
    expect(seen.get('event_loop_lag_seconds{quantile="1"}')).toBeGreaterThanOrEqual(0);
  });

  test('retries, fallbacks and their cause, breakers, failed embeddings, reloads', async () => {
    weak.enqueue(failure(401), failure(401));
    await chat(ask('hi'));
    await chat(ask('embedding fails', { num_retries: 1 }));
    strong.enqueue(failure(500));
    await chat(ask('hi', { model: 'strong', disable_fallbacks: true, num_retries: 1 }));
    gateway.noteReload(null);
    gateway.noteReload('a bad file');
    const seen = await scrape();
    expect(seen.get('fallbacks_total{from="weak",to="strong",cause="auth"}')).toBe(1);
    expect(seen.get('retries_total{deployment="strong"}')).toBe(1);
    expect(seen.get('breaker_state{deployment="weak"}')).toBe(2);
    expect(seen.get('embedding_failures_total')).toBe(1);
    expect(seen.get('config_reloads_total{result="success"}')).toBe(1);
    expect(seen.get('config_reloads_total{result="failure"}')).toBe(1);
    weak.always((res) => void res.destroy());
  });

  test('F31: no string of a client or an upstream becomes a label', async () => {
    strong.always((res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const choices = [{ index: 0, message: { content: 'x' }, finish_reason: 'canary-finish' }];
      res.end(JSON.stringify({ model: `canary-${Math.random()}`, choices }));
    });
    await chat(ask('0.9 x'));
    await chat(ask('x', { model: 'unknown-1' }));
    await chat(ask('x', { model: 'router@2' }));
    const labelsOf = async () => [...(await scrape()).keys()].sort();
    const before = await labelsOf();
    for (const model of [
      ...['../../etc/passwd', 'router-mf-abc', 'router@2', 'router@NaN', '__proto__'],
      ...['constructor', 'canary"}\n\\', 'c'.repeat(10_000), 3, null, undefined],
    ]) {
      expect([400, 404]).toContain((await chat(ask('x', { model }))).status);
    }
    for (let i = 0; i < 20; i++) {
      const headers = { 'x-request-id': `canary-${i}`, 'x-session-id': `canary-${i}` };
      const model = `router-mf-0.${i + 1}`;
      await post(
        `${gateway.url}/v1/chat/completions`,
        ask('0.9', { model, user: `u${i}` }),
        headers,
      );
      await fetch(`${gateway.url}/canary/${i}`);
    }
    expect(await labelsOf()).toEqual(before);
    expect(before.join()).not.toContain('canary');
  });
});

test('with an admin key /metrics is for it alone', async () => {
  const keys = { clientKeys: ['client-key-1'], adminKeys: ['admin-key-1'] };
  const sets = {
    clientKeys: new KeySet(keys.clientKeys.map(hashOfKey)),
    adminKeys: new KeySet(keys.adminKeys.map(hashOfKey)),
  };
  const closed = await startTestGateway({ strong: strong.url }, (c) => ({ ...c, access: sets }));
  const statusWith = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${closed.url}/metrics`, { headers })).status;
  };
  expect(await statusWith('')).toBe(401);
  expect(await statusWith('client-key-1')).toBe(401);
  expect(await statusWith('admin-key-1')).toBe(200);
  await closed.close();
});
