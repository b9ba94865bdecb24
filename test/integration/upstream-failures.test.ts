import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { ask, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  failure,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import {
  startTestGateway,
  withoutFallbacks,
  withTiers,
  type TestGateway,
} from '../support/start-gateway.ts';

const key = 'sk-canary-1234567890';
let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...withoutFallbacks(withTiers(config, { weak: { apiKey: new Secret(key) } })),
    limits: { ...config.limits, answerBytes: 10_000 },
  }));
});

afterAll(async () => {
  expect(gateway.logLines.join('')).not.toContain(key);
  await gateway.close();
  await upstream.close();
});

async function expectFailure(script: Script, status: number, code: string | null): Promise<string> {
  upstream.requests.length = 0;
  upstream.enqueue(script);
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  expect(reply.status).toBe(status);
  expect(reply.json).toMatchObject({ error: { code } });
  expect(reply.headers.get('x-pointsman-attempts')).toBe('1');
  expect(upstream.requests).toHaveLength(1);
  expect(reply.text).not.toContain(key);
  const row = await waitForDecision(gateway.db, reply.headers);
  expect(row).toMatchObject({ status, error_code: code, outcome: 'upstream_error' });
  return reply.text;
}

describe('AT-03: an answer that is no completion is a 502 that names the upstream', () => {
  test.each([
    ['the native Ollama body', { response: 'hi', done: true }],
    ['HTML', '<html></html>'],
    ['nothing', ''],
    ['no choices', { choices: [] }],
    ['a list', []],
  ])('%s', async (_what, body) => {
    const text = await expectFailure(failure(200, body), 502, 'upstream_invalid_response');
    expect(text).toContain(`${upstream.url}/v1/chat/completions`);
  });

  test('an answer over the size limit', async () => {
    await expectFailure(failure(200, 'x'.repeat(20_000)), 502, 'upstream_response_too_large');
  });

  test('200 with an error body', async () => {
    await expectFailure(failure(200, { error: { message: 'no' } }), 502, 'upstream_error');
  });
});

describe('AT-08: each cause has a code of its own', () => {
  const openai = (message: string) => ({ error: { message, type: 'x', param: null, code: null } });
  test.each<[string, Script, number, string | null]>([
    [
      'wrong key',
      failure(401, openai(`Incorrect API key provided: ${key}`)),
      502,
      'upstream_auth_failed',
    ],
    ['forbidden', failure(403), 502, 'upstream_auth_failed'],
    ['wrong base URL', failure(404, 'page not found'), 502, 'upstream_not_found'],
    [
      'model missing',
      failure(404, openai('model "weak-model:7b" not found')),
      502,
      'upstream_model_not_found',
    ],
    ['server error', failure(500), 502, 'upstream_error'],
    ['busy', failure(503, {}, { 'retry-after': '7' }), 503, 'upstream_error'],
    ['rate limit', failure(429, {}, { 'retry-after': '7' }), 429, 'upstream_rate_limited'],
    ['redirect', failure(307, '', { location: 'http://127.0.0.1:1/' }), 502, 'upstream_redirect'],
    ['bad parameter', failure(400, openai(`temperature is too high ${key}`)), 400, null],
    ['unprocessable', failure(422, openai('no')), 400, null],
    [
      'too long',
      failure(400, openai('maximum context length is 4096')),
      400,
      'context_length_exceeded',
    ],
  ])('%s', async (_what, script, status, code) => {
    await expectFailure(script, status, code);
  });

  test('reset, also on the new connection that is tried when an idle one was reset', async () => {
    const reset: Script = (res) => void res.destroy();
    upstream.enqueue(reset, reset);
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
    expect(reply.status).toBe(502);
    expect(reply.json).toMatchObject({ error: { code: 'upstream_unreachable' } });
  });

  test('silence', async () => {
    const impatient = await startTestGateway({ strong: upstream.url }, (config) => ({
      ...withoutFallbacks(config),
      timeouts: { ...config.timeouts, headersMs: 200 },
    }));
    upstream.enqueue(() => {});
    const reply = await post(`${impatient.url}/v1/chat/completions`, ask('hi'));
    await impatient.close();
    expect(reply.status).toBe(504);
    expect(reply.json).toMatchObject({ error: { code: 'upstream_timeout' } });
  });

  test('refused connection', async () => {
    const nobody = '127.0.0.1:1';
    const down = await startTestGateway({ strong: `http://${nobody}` }, withoutFallbacks);
    const reply = await post(`${down.url}/v1/chat/completions`, ask('hi'));
    await down.close();
    expect(reply.status).toBe(502);
    expect(reply.json).toMatchObject({ error: { code: 'upstream_unreachable' } });
    expect(reply.headers.get('x-should-retry')).toBe('false');
    expect(reply.text).toContain(nobody);
  });

  test('no HTTP at the other end', async () => {
    const server = createServer((socket) => socket.write('SSH-2.0-OpenSSH\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const odd = await startTestGateway({ strong: `http://127.0.0.1:${port}` }, withoutFallbacks);
    const reply = await post(`${odd.url}/v1/chat/completions`, ask('hi'));
    await odd.close();
    server.close();
    expect(reply.json).toMatchObject({ error: { code: 'upstream_invalid_response' } });
  });
});

test('retry-after of a rate limit reaches the client, and no x-should-retry forbids it', async () => {
  upstream.enqueue(failure(429, {}, { 'retry-after': '7' }));
  const { headers } = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  expect(headers.get('retry-after')).toBe('7');
  expect(headers.get('x-should-retry')).toBeNull();
});

test.each([
  ['', ''],
  [', and a client lists more instances than are kept', 'x,'.repeat(2000)],
])('a gateway whose upstream is itself says so%s', async (_what, via) => {
  let target = 'http://127.0.0.1:9';
  const forward: Script = async (res, seen) => {
    const reply = await fetch(`${target}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ ...seen.body, model: 'auto' }),
      headers: { 'x-pointsman-via': String(seen.headers['x-pointsman-via']) },
    });
    res.writeHead(reply.status, { 'content-type': 'application/json' });
    res.end(await reply.text());
  };
  target = gateway.url;
  upstream.enqueue(forward);
  const logged = gateway.logLines.length;
  const url = `${gateway.url}/v1/chat/completions`;
  const reply = await post(url, ask('hi'), { 'x-pointsman-via': via });
  expect(reply.status).toBe(502);
  expect(upstream.requests.at(-1)?.headers['x-pointsman-via']).toBeTruthy();
  expect(gateway.logLines.slice(logged).join('')).toContain('loop_detected');
});
