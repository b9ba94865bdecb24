import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hashOfKey, KeySet } from '../../src/access/key-set.ts';
import type { Config } from '../../src/config/config.ts';
import { ask } from '../support/chat.ts';
import { rawExchange } from '../support/raw-client.ts';
import { readLog } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

const clientKey = 'client-key-0123456789';
const adminKey = 'admin-key-0123456789';
const keySet = (...keys: string[]) => new KeySet(keys.map(hashOfKey));

function withAccess(clientKeys: readonly string[], adminKeys: readonly string[]) {
  const access = { clientKeys: keySet(...clientKeys), adminKeys: keySet(...adminKeys) };
  return (config: Config): Config => ({ ...config, access });
}

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const change = withAccess(['another-key-0123', clientKey], [adminKey]);
  gateway = await startTestGateway({ strong: upstream.url }, change);
});

beforeEach(() => void (upstream.requests.length = 0));

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function chat(headers: Record<string, string>): Promise<Response> {
  const init = { method: 'POST', headers, body: JSON.stringify(ask('hi')) };
  return fetch(`${gateway.url}/v1/chat/completions`, init);
}

function raw(headerLines: string): Promise<{ status: number; text: string }> {
  const body = JSON.stringify(ask('hi'));
  return rawExchange(
    gateway.url,
    Buffer.from(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${headerLines}` +
        `content-length: ${body.length}\r\n\r\n${body}`,
      'latin1',
    ),
  );
}

describe('a client with a key', () => {
  test.each([
    ['Bearer', { authorization: `Bearer ${clientKey}` }],
    ['a scheme in other letters', { authorization: `bearer ${clientKey}` }],
    ['x-api-key', { 'x-api-key': clientKey }],
    ['the admin key', { authorization: `Bearer ${adminKey}` }],
  ])('is answered: %s', async (_name, headers) => {
    expect((await chat(headers)).status).toBe(200);
    // F29: the key is for us; the upstream without a key is sent none.
    const [seen] = upstream.requests;
    const sent: Record<string, unknown> = seen?.headers ?? {};
    expect(sent['authorization']).toBeUndefined();
    expect(sent['x-api-key']).toBeUndefined();
    expect(JSON.stringify(seen)).not.toContain('0123456789');
  });
});

describe('F30: a key that is none', () => {
  test.each([
    ['none', {}],
    ['empty', { authorization: '' }],
    ['empty Bearer', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${clientKey}` }],
    ['without a scheme', { authorization: clientKey }],
    ['two words', { authorization: `Bearer ${clientKey} x` }],
    ['one letter more', { authorization: `Bearer ${clientKey}x` }],
    ['one letter less', { authorization: `Bearer ${clientKey.slice(0, -1)}` }],
    ['SQL', { authorization: `Bearer ' OR 1=1; DROP TABLE request; --` }],
    ['SQL in x-api-key', { 'x-api-key': `x'); DELETE FROM request; --` }],
    ['the configured hash', { authorization: `Bearer ${hashOfKey(clientKey)}` }],
    ['sha256:HEX', { authorization: `Bearer sha256:${hashOfKey(clientKey)}` }],
    ['15 KB', { authorization: `Bearer ${'k'.repeat(15_000)}` }],
    ['a wrong one beside a right x-api-key', { authorization: 'Bearer x', 'x-api-key': clientKey }],
    ['__proto__', { authorization: 'Bearer __proto__' }],
  ])('%s: the same 401, the key not repeated', async (_name, headers: Record<string, string>) => {
    const response = await chat(headers);
    const text = await response.text();
    expect(response.status).toBe(401);
    expect(JSON.parse(text)).toEqual({
      error: {
        message: expect.stringContaining('Authorization: Bearer KEY') as string,
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    const id = response.headers.get('x-request-id');
    expect(id).toBeTruthy();
    expect(response.headers.get('x-pointsman-request-id')).toBe(id);
    const shown = text + JSON.stringify([...response.headers]) + gateway.logLines.join();
    for (const value of Object.values(headers)) {
      if (value.length > 12)
        expect(shown).not.toContain(value.slice(0, 40).replace(/^Bearer /, ''));
    }
    expect(upstream.requests).toHaveLength(0);
    // Only answered requests are in the log, and it is still there.
    expect(readLog(gateway.db).every((row) => row['status'] === 200)).toBe(true);
  });

  test('bytes beyond ASCII, a header twice, 100 KB', async () => {
    const right = `authorization: Bearer ${clientKey}\r\n`;
    expect((await raw(right)).status).toBe(200);
    upstream.requests.length = 0;
    expect((await raw('authorization: Bearer k\xe9y-\xff\xfe\r\n')).status).toBe(401);
    const cyrillic = Buffer.from('authorization: Bearer ключ\r\n').toString('latin1');
    expect((await raw(cyrillic)).status).toBe(401);
    expect((await raw(right + right)).status).toBe(401);
    expect((await raw(`${right}authorization: Bearer other\r\n`)).status).toBe(401);
    expect((await raw(`x-api-key: ${clientKey}\r\nx-api-key: ${clientKey}\r\n`)).status).toBe(401);
    // Node stops reading headers at 16 KB: the key is never looked at.
    const huge = await raw(`authorization: Bearer ${'k'.repeat(100_000)}\r\n`);
    expect(huge.status).toBe(431);
    expect(huge.text).not.toContain('kkk');
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('a web page of another site', () => {
  const fromElsewhere = { 'sec-fetch-site': 'cross-site', 'content-type': 'text/plain' };

  test('gets nothing where no client has a key, and the operator is told what to set', async () => {
    const open = await startTestGateway({ strong: upstream.url }, withAccess([], [adminKey]));
    const ask1 = (headers: Record<string, string>) =>
      fetch(`${open.url}/v1/chat/completions`, {
        ...{ method: 'POST', headers, body: JSON.stringify(ask('hi')) },
      });
    const refused = await ask1(fromElsewhere);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toEqual({
      error: {
        message: expect.stringContaining('client_keys') as string,
        ...{ type: 'invalid_request_error', param: null, code: 'cross_site_request' },
      },
    });
    expect(upstream.requests).toHaveLength(0);
    for (const site of ['same-origin', 'same-site', 'none']) {
      expect((await ask1({ 'sec-fetch-site': site })).status).toBe(200);
    }
    expect((await fetch(`${open.url}/livez`, { headers: fromElsewhere })).status).toBe(200);
    await open.close();
  });

  test('is a client like any other where it has a key', async () => {
    expect((await chat(fromElsewhere)).status).toBe(401);
    const authorization = `Bearer ${clientKey}`;
    expect((await chat({ ...fromElsewhere, authorization })).status).toBe(200);
  });
});

describe('what is open and what is not', () => {
  test.each(['/v1/chat/completions', '/v1/models', '/metrics', '/dashboard/api/overview'])(
    'OPTIONS %s needs no key',
    async (path) => {
      const response = await fetch(gateway.url + path, { method: 'OPTIONS' });
      expect(response.status).toBe(204);
    },
  );

  const get = (path: string, headers = {}) => fetch(gateway.url + path, { headers });

  test.each([
    ...['/', '/livez', '/healthz', '/health/liveliness', '/readyz', '/health/readiness'],
    ...['/health', '/dashboard', '/dashboard/page/main.js'],
  ])('%s needs no key', async (path) => {
    expect((await get(path)).status).toBe(200);
  });

  test.each([
    ...['/metrics', '/dashboard/nope'],
    ...['/v1/models', '/models', '/v1/models/auto', '/v1/router/feedback/dec_1'],
    ...['/v1/nope', '/V1/models', '//v1/models', '/v1/models/', '/dashboard/api/overview'],
  ])('GET %s needs one', async (path) => {
    expect((await get(path)).status).toBe(401);
  });

  test.each([
    ...['/v1/chat/completions', '/chat/completions', '/v1/completions', '/v1/embeddings'],
    ...['/v1/router/score', '/v1/router/feedback'],
  ])('POST %s needs one', async (path) => {
    const response = await fetch(gateway.url + path, { method: 'POST', body: '{}' });
    expect(response.status).toBe(401);
  });

  test('the detail of /health is for the admin key', async () => {
    const bodyOf = async (headers = {}) => (await get('/health', headers)).json();
    expect(await bodyOf()).toEqual({ status: 'online' });
    expect(await bodyOf({ authorization: `Bearer ${clientKey}` })).toEqual({ status: 'online' });
    expect(await bodyOf({ authorization: `Bearer ${adminKey}` })).toHaveProperty('deployments');
  });
});

test('without an admin key a client key opens /metrics and the detail of /health, no key does not', async () => {
  const team = await startTestGateway({ strong: upstream.url }, withAccess([clientKey], []));
  const get = (path: string, key: string) =>
    fetch(team.url + path, { headers: { authorization: `Bearer ${key}` } });
  for (const key of ['', 'wrong-key-0123456789']) {
    expect((await get('/metrics', key)).status).toBe(401);
    expect(await (await get('/health', key)).json()).toEqual({ status: 'online' });
  }
  expect((await get('/metrics', clientKey)).status).toBe(200);
  expect(await (await get('/health', clientKey)).json()).toHaveProperty('deployments');
  // What the dashboard shows is for the admin key alone: here nobody has one.
  const closed = await get('/dashboard/api/overview', clientKey);
  expect(closed.status).toBe(403);
  expect(await closed.json()).toMatchObject({ error: { code: 'dashboard_closed' } });
  await team.close();
});

test('without configured keys nobody is asked for one, and a key that comes goes no further', async () => {
  const open = await startTestGateway({ strong: upstream.url });
  const response = await fetch(`${open.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer canary-of-client' },
    body: JSON.stringify(ask('hi')),
  });
  expect(response.status).toBe(200);
  expect(JSON.stringify(upstream.requests)).not.toContain('canary');
  expect((await (await fetch(`${open.url}/health`)).json()) as object).toHaveProperty('log');
  await open.close();
});
