import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, get, post } from '../support/chat.ts';
import { waitForRow } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { scriptedRouter, startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

/** Never answers a prompt that says so; otherwise the scripted router. */
function hangingRouter() {
  const router = scriptedRouter();
  const hangs = new Promise<never>(() => {});
  return scriptedRouter({
    score: (text) => (text.includes('hang') ? hangs : router.score(text)),
    explain: (text) => (text.includes('hang') ? hangs : router.explain(text)),
  });
}

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const short = (config: TestGateway['config']) => ({
    ...config,
    timeouts: { ...config.timeouts, decisionMs: 300 },
  });
  gateway = await startTestGateway({ strong: upstream.url }, short, [hangingRouter()]);
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

test.each(['/livez', '/v1/models', '/v1/nope', '/v1/models/nope', '/health'])(
  '%s carries the request id',
  async (path) => {
    const response = await fetch(gateway.url + path, { headers: { 'x-request-id': 'mine' } });
    expect(response.headers.get('x-request-id')).toBe('mine');
  },
);

test('a path that cannot be decoded is a 400, not our bug', async () => {
  const reply = await get(`${gateway.url}/v1/models/%zz`);
  expect(reply.status).toBe(400);
  expect(reply.json).toMatchObject({ error: { type: 'invalid_request_error' } });
});

test('AT-04: where a request went is told to those who ask, without credentials', async () => {
  const url = `${gateway.url}/v1/chat/completions`;
  const plain = await post(url, ask('hi'));
  expect(plain.headers.get('x-pointsman-upstream-url')).toBeNull();
  const debug = await post(url, ask('hi'), { 'x-pointsman-debug': 'true' });
  expect(debug.headers.get('x-pointsman-upstream-url')).toBe(`${upstream.url}/v1/chat/completions`);
  expect(debug.headers.get('x-pointsman-deployment-id')).toBe('weak');
});

describe('a decision that does not come', () => {
  test('in time: the default tier answers a chat, the score endpoint says so', async () => {
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hang'));
    expect(reply.headers.get('x-pointsman-reason')).toBe('embedding_failed');
    const score = await post(`${gateway.url}/v1/router/score`, { prompt: 'hang' });
    expect(score.status).toBe(503);
    expect(score.json).toMatchObject({ error: { code: 'router_embedding_failed' } });
  });

  test('before the client leaves: the request is a row all the same', async () => {
    const pending = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(ask('hang')),
      headers: { 'x-request-id': 'left-early' },
      signal: AbortSignal.timeout(100),
    });
    await expect(pending).rejects.toThrow();
    const row = await waitForRow(gateway.db, (row) => row['request_id'] === 'left-early');
    expect(row).toMatchObject({ status: 499, reason: 'client_gone', tier: 'none', attempts: 0 });
  });
});

test('each answered request is one debug line', async () => {
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  const id = reply.headers.get('x-pointsman-decision-id');
  await expect
    .poll(() => gateway.logLines.find((line) => line.includes(String(id))))
    .toContain('"msg":"answered"');
});

test('readyz names an encoder that is being replaced', async () => {
  let isReady = true;
  const embedder = {
    ...{ id: 'scripted-2', dimensions: 2, counts: () => ({ hits: 0, misses: 0 }) },
    embed: () => Promise.reject(new Error('not asked')),
    close: () => Promise.resolve(),
    isReady: () => isReady,
  };
  const { freed } = await gateway.replace(gateway.config, { ...gateway.parts, embedder });
  await freed;
  expect((await get(`${gateway.url}/readyz`)).status).toBe(200);
  isReady = false;
  const reply = await get(`${gateway.url}/readyz`);
  expect(reply.status).toBe(503);
  expect(reply.text).toContain('embedder');
});
