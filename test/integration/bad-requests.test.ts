import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url });
});

afterAll(async () => {
  expect(upstream.requests).toHaveLength(0); // nothing bad ever reaches an upstream
  await gateway.close();
  await upstream.close();
});

async function expectError(
  body: unknown,
  status: number,
  error: Record<string, unknown>,
  headers = {},
): Promise<void> {
  const reply = await post(`${gateway.url}/v1/chat/completions`, body, headers);
  expect(reply.status).toBe(status);
  expect(Object.keys(reply.json['error'] as object).sort()).toEqual([
    ...['code', 'message', 'param', 'type'],
  ]);
  expect(reply.json['error']).toMatchObject({ type: 'invalid_request_error', ...error });
  expect(reply.headers.get('x-request-id')).toBeTruthy();
  expect(reply.headers.get('content-type')).toBe('application/json');
}

describe('a body that is no request', () => {
  test.each(['', '{', 'null', '[]', '"x"'])('%j is a 400', async (body) => {
    await expectError(body, 400, {});
  });

  test('too deep, too large, wrong encoding, wrong charset, broken UTF-8', async () => {
    await expectError(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, {});
    await expectError('x'.repeat(1024 * 1024 + 1), 413, {});
    await expectError('{}', 415, {}, { 'content-encoding': 'zstd' });
    await expectError('{}', 415, {}, { 'content-type': 'application/json; charset=latin1' });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: Buffer.from([0x7b, 0xff, 0x7d]),
    });
    expect(response.status).toBe(400);
  });

  test('a gzip bomb stops at the limit, broken gzip is a 400', async () => {
    const send = async (body: Buffer) => {
      const headers = { 'content-encoding': 'gzip' };
      const init = { method: 'POST', headers, body };
      return (await fetch(`${gateway.url}/v1/chat/completions`, init)).status;
    };
    expect(await send(gzipSync(Buffer.alloc(50 * 1024 * 1024)))).toBe(413);
    expect(await send(Buffer.from('not gzip'))).toBe(400);
  });
});

describe('a field that is wrong is named', () => {
  const messages = [{ role: 'user', content: 'x' }];
  test.each([
    [{ messages }, 'model'],
    [{ model: 3, messages }, 'model'],
    [{ model: '', messages }, 'model'],
    [{ model: 'auto' }, 'messages'],
    [{ model: 'auto', messages: [] }, 'messages'],
    [{ model: 'auto', messages: 'x' }, 'messages'],
    [{ model: 'auto', messages: [3] }, 'messages[0]'],
    [{ model: 'auto', messages: [{ role: 'wizard', content: 'x' }] }, 'messages[0].role'],
    [{ model: 'auto', messages: [{ role: 'user', content: 3 }] }, 'messages[0].content'],
    [ask('x', { stream: 'yes' }), 'stream'],
    [ask('x', { stream_options: { include_usage: true } }), 'stream_options'],
    [ask('x', { stream: true, stream_options: 3 }), 'stream_options'],
  ])('%j: %s', async (body, param) => {
    await expectError(body, 400, { param });
  });

  test('AT-18: a model that is not configured is a 404', async () => {
    await expectError(ask('x', { model: 'gpt-4' }), 404, { code: 'model_not_found' });
    await expectError(ask('x', { model: 'router-mf-2' }), 400, { code: 'invalid_model' });
  });

  test.each([
    [{ api_key: 'x' }, 'api_key'],
    [{ base_url: 'http://evil' }, 'base_url'],
    [{ metadata: { a: [{ api_base: 'http://evil' }] } }, 'metadata.a[0].api_base'],
    [{ extra_body: { extra_headers: {} } }, 'extra_body.extra_headers'],
  ])('upstream settings are never taken from a request: %j', async (extra, param) => {
    await expectError(ask('x', extra), 400, { param, code: 'unsupported_parameter' });
  });
});

describe('a path or method that is not served', () => {
  test.each([
    ['POST', '/v1/nope', 404],
    ['GET', '/v1/responses', 405],
    ['DELETE', '/v1/responses/resp_1', 404],
    ['GET', '/v1/chat/completions', 405],
    ['DELETE', '/v1/models', 405],
    ['PUT', '/v1/router/score', 405],
    ['OPTIONS', '/v1/nope', 404],
    ['POST', '/', 405],
    ['POST', '/livez', 405],
    ['PUT', '/health/readiness', 405],
    ['POST', '/health', 405],
    ['DELETE', '/v1/models/gpt', 405],
    ['POST', '/v1/router/feedback/dec_1', 405],
    ['POST', '/dashboard', 405],
    ['OPTIONS', '/dashboard/charts/nope', 404],
  ])('%s %s is a %d in the OpenAI shape', async (method, path, status) => {
    const response = await fetch(gateway.url + path, { method });
    const body = (await response.json()) as { error: { message: string } };
    expect(response.status).toBe(status);
    expect(body.error.message).toContain(path);
    expect(response.headers.get('allow') !== null).toBe(status === 405);
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test.each([
    ['/v1/chat/completions', 'POST, OPTIONS'],
    ['/completions', 'POST, OPTIONS'],
    ['/models', 'GET, OPTIONS'],
    ['/v1/router/feedback/dec_1', 'GET, OPTIONS'],
    ['/', 'GET, OPTIONS'],
    ['/metrics', 'GET, OPTIONS'],
    ['/dashboard/api/overview', 'GET, OPTIONS'],
    ['/dashboard/api/threshold', 'POST, OPTIONS'],
    ['/dashboard/charts/uPlot.esm.js', 'GET, OPTIONS'],
  ])('OPTIONS %s says what is allowed, and nothing for other origins', async (path, allowed) => {
    const headers = { origin: 'http://a.example', 'access-control-request-method': 'POST' };
    const response = await fetch(gateway.url + path, { method: 'OPTIONS', headers });
    expect([response.status, response.headers.get('allow')]).toEqual([204, allowed]);
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test.each([
    ['GET', '/v1/responses/resp_1', 'POST /v1/responses'],
    ['POST', '/responses/compact', 'POST /v1/responses'],
    ['POST', '/v1/v1/chat/completions', 'one /v1 too many'],
    ['POST', '/v1/chat/completions/chat/completions', 'no other path'],
    ['POST', '/v1/messages', '/v1/chat/completions'],
    ['POST', '/v1/audio/speech', 'its provider'],
    ['POST', '/v1/images/generations', '/v1/chat/completions'],
    ['GET', '/v1/files', 'their provider'],
    ['POST', '/v1/batches', '/v1/chat/completions'],
    ['POST', '/v1/assistants', '/v1/chat/completions'],
    ['POST', '/v1/threads/t/runs', '/v1/chat/completions'],
    ['GET', '/v1/realtime', '/v1/chat/completions'],
    ['POST', '/v1/vector_stores', '/v1/embeddings'],
    ['POST', '/api/generate', '/v1/chat/completions'],
    ['POST', '/__proto__', 'Unknown request URL'],
    ['POST', '/v1/constructor/x', 'Unknown request URL'],
  ])('%s %s: the 404 names what to use', async (method, path, hint) => {
    const response = await fetch(gateway.url + path, { method });
    const { error } = (await response.json()) as { error: Record<string, string | null> };
    expect(response.status).toBe(404);
    expect(error).toMatchObject({ type: 'invalid_request_error', param: null, code: null });
    expect(error['message']).toContain(`Unknown request URL: ${method} ${path}.`);
    expect(error['message']).toContain(hint);
  });
});
