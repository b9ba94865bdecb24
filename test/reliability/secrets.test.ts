import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { hashOfKey, KeySet } from '../../src/access/key-set.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { Secret } from '../../src/secret.ts';
import { ask, post } from '../support/chat.ts';
import { configInput } from '../support/config-input.ts';
import { deployment } from '../support/deployment.ts';
import {
  failure,
  sendStream,
  startScriptedUpstream,
  streamOf,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import {
  startTestGateway,
  withoutFallbacks,
  withTiers,
  type TestGateway,
} from '../support/start-gateway.ts';

/*
 * AT-29: keys that must turn up nowhere, in configuration, environment, requests and what upstreams
 * say; then every byte that leaves the server or is kept is searched for them.
 */

const clientKey = 'canary-client-0123456789';
const adminKey = 'canary-admin-0123456789';
const strongKey = 'canary-strong-0123456789';
const weakKey = 'canary-weak-0123456789';
const embeddingsKey = 'canary-embeddings-0123456789';
/** Of an upstream's own, which we have never seen. */
const foreignKey = 'sk-proj-canary0123456789ABCDEFGH';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;
/** All that clients were sent. */
const replies: string[] = [];

beforeAll(async () => {
  for (const name of ['OPENAI_API_KEY', 'OPENAI_BASE_URL', 'ANTHROPIC_API_KEY', 'HTTP_PROXY']) {
    vi.stubEnv(name, `canary-${name}-0123456789`);
  }
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  const weakUrl = `${weak.url.replace('//', '//user:canary-password@')}/v1?key=canary-query`;
  const embeddingsUpstream = deployment({
    ...{ id: 'embeddings_upstream', group: 'embeddings', model: 'nomic', baseUrl: strong.url },
    apiKey: new Secret(embeddingsKey),
  });
  const keysOf = (key: string) => new KeySet([hashOfKey(key)]);
  gateway = await startTestGateway({ strong: strong.url, weak: weakUrl }, (config) => ({
    ...withoutFallbacks(
      withTiers(config, {
        strong: { apiKey: new Secret(strongKey) },
        weak: { apiKey: new Secret(weakKey) },
      }),
    ),
    embeddingsUpstream,
    access: { clientKeys: keysOf(clientKey), adminKeys: keysOf(adminKey) },
  }));
});

afterEach(() => {
  replies.length = 0;
  gateway.logLines.length = 0;
  strong.requests.length = 0;
  weak.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
  vi.unstubAllEnvs();
});

async function send(path: string, init: RequestInit = {}): Promise<string> {
  const headers = { authorization: `Bearer ${clientKey}`, ...(init.headers as object) };
  const response = await fetch(gateway.url + path, { redirect: 'manual', ...init, headers });
  const text = await response.text().catch((error: unknown) => String(error));
  replies.push(`${response.status} ${JSON.stringify([...response.headers])} ${text}`);
  return text;
}

const chat = (body: unknown, headers = {}) =>
  send('/v1/chat/completions', {
    method: 'POST',
    headers: { 'x-pointsman-debug': 'true', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** Everything that left the server or was kept. */
async function everything(): Promise<Record<string, string>> {
  const admin = { headers: { authorization: `Bearer ${adminKey}` } };
  for (const path of ['/health', '/metrics', '/readyz', '/livez', '/v1/models', '/']) {
    await send(path, admin);
  }
  for (const path of ['', '/api/overview?range=all', '/api/requests?limit=200']) {
    const text = await send(`/dashboard${path}`, admin);
    const ids = new Set(text.match(/dec_[0-9a-f-]+/g));
    for (const id of ids) await send(`/dashboard/api/requests/${id}`, admin);
  }
  const folder = dirname(gateway.db);
  const files = readdirSync(folder).map((name) => [
    name,
    readFileSync(join(folder, name), 'latin1'),
  ]);
  return {
    'log lines': gateway.logLines.join(''),
    replies: replies.join('\n'),
    ...(Object.fromEntries(files) as Record<string, string>),
  };
}

async function expectNoCanary(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 120)); // the log's flush
  const places = await everything();
  expect(Object.keys(places)).toContain('log.db-wal');
  for (const [place, text] of Object.entries(places)) {
    const at = text.indexOf('canary');
    const found = at === -1 ? '' : text.slice(Math.max(0, at - 200), at + 60);
    expect.soft(found, place).toBe('');
  }
}

const say = `Incorrect API key provided: ${strongKey}, not ${weakKey} or ${foreignKey}`;
const said = { error: { message: say, type: 'x', param: strongKey, code: foreignKey } };
const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;
const begun = () => {
  const text = streamOf('m', [{ content: 'one' }], false);
  return text.slice(0, text.lastIndexOf('data: {'));
};

const whatUpstreamsSay: [string, Script][] = [
  ...[400, 401, 403, 404, 413, 422, 429, 500, 503].map((status): [string, Script] => [
    `an error ${status}`,
    failure(status, said, { 'retry-after': weakKey, 'x-ratelimit-limit-requests': weakKey }),
  ]),
  ['an error as text', failure(500, `<html>${say}</html>`)],
  ['400 as text', failure(400, say)],
  ['a redirect', failure(302, '', { location: `http://127.0.0.1:9/?key=${strongKey}` })],
  ['200 with an error', failure(200, said)],
  ['200 with HTML', failure(200, `<html>${say}</html>`)],
  ['200 that is cut', failure(200, `{"choices":[{"message":{"content":"${say}`)],
  ['an odd type', failure(200, said, { 'content-type': `text/${strongKey}` })],
  ['an odd encoding', failure(200, 'x', { 'content-encoding': strongKey })],
  ['an error event first', (res) => sendStream(res, event(said))],
  ['a named error event first', (res) => sendStream(res, `event: error\n${event(said.error)}`)],
  ['an error event later', (res) => sendStream(res, begun() + event(said))],
  ['an event that is no JSON', (res) => sendStream(res, `${begun()}data: {"x":"${say}\n\n`)],
  ['a status line', (res) => void res.socket?.end(`HTTP/1.1 500 ${strongKey}\r\n\r\n`)],
  ['what is no HTTP', (res) => void res.socket?.end(`${strongKey}\r\n\r\n`)],
  ['an odd header', (res) => void res.socket?.end(`HTTP/1.1 200 OK\r\n${strongKey} x\r\n\r\n`)],
];

describe('AT-29: no key turns up in a log line, reply, database file or metric', () => {
  test.each(whatUpstreamsSay)('of what an upstream says: %s', async (_name, script) => {
    for (const stream of [false, true]) {
      strong.enqueue(script);
      weak.enqueue(script);
      await chat(ask('0.9 x', { stream }));
      await chat(ask('0.1 x', { stream }));
    }
    strong.enqueue(script);
    await send('/v1/embeddings', { method: 'POST', body: '{"model":"nomic","input":"x"}' });
    await expectNoCanary();
  });

  test('of what an answer names itself', async () => {
    strong.enqueue((res) => {
      res.writeHead(200, { 'content-type': 'application/json' });
      const choices = [{ index: 0, message: { content: 'x' }, finish_reason: strongKey }];
      res.end(JSON.stringify({ model: strongKey, choices }));
    });
    await chat(ask('0.9 x'));
    replies.pop(); // the client gets the bytes of a good answer as they are
    await expectNoCanary();
  });

  test('F29: of a request: headers, query, fields, broken JSON', async () => {
    const foreign = {
      ...{ cookie: `session=${foreignKey}`, 'api-key': foreignKey, 'x-api-key': foreignKey },
      ...{ 'proxy-authorization': foreignKey, 'x-forwarded-host': 'canary.example' },
    };
    await chat(ask('0.9 x'), foreign);
    await chat(ask('0.1 x'), foreign);
    for (const { headers, text } of [...strong.requests, ...weak.requests]) {
      const { authorization, ...rest } = headers;
      expect([`Bearer ${strongKey}`, `Bearer ${weakKey}`]).toContain(authorization);
      expect(JSON.stringify(rest) + text).not.toContain('canary');
    }
    await chat(ask('x'), { authorization: `Bearer ${foreignKey}` });
    await chat(ask('x', { api_key: foreignKey }));
    await chat(ask('x', { metadata: { extra_headers: { authorization: foreignKey } } }));
    await chat(`{"model":"auto","api_key":"${foreignKey}"`);
    await chat(`{"model":"auto","api_key":"${foreignKey}" x}`);
    await chat(`${foreignKey}`);
    await send(`/v1/chat/completions?api_key=${foreignKey}`, { method: 'POST', body: '{}' });
    await send(`/v1/nope?api_key=${foreignKey}`);
    await send('/v1/router/score', { method: 'POST', body: `{"prompt": ${foreignKey}}` });
    await send('/v1/router/feedback', { method: 'POST', body: `{"decision_id": ${foreignKey}}` });
    await expectNoCanary();
  });

  test('of an embedder that fails, and of an upstream that is down', async () => {
    await chat(ask('embedding fails'));
    await weak.close();
    await chat(ask('0.1 x'));
    await expectNoCanary();
  });
});

test('a password with a % that encodes nothing is hidden, too', async () => {
  const upstream = await startScriptedUpstream();
  const url = upstream.url.replace('//', '//user:100%-canary%3Cpassword@');
  const own = await startTestGateway({ strong: url }, withoutFallbacks);
  const message = 'not 100%-canary%3Cpassword, 100%-canary<password';
  upstream.enqueue(failure(400, { error: { message } }));
  const reply = await post(`${own.url}/v1/chat/completions`, ask('hi'));
  await own.close();
  await upstream.close();
  expect(reply.json['error']).toMatchObject({ message: expect.stringContaining('***') as string });
  expect(reply.text).not.toContain('canary');
});

test.each([
  ['a line that is no YAML', `strong: {api_key: ${strongKey}\nweak: ]`],
  ['an open quote', `api_key: "${strongKey}`],
  ['a key where a section stands', `strong: ${strongKey}`],
  ['a key where a name is asked for', `api_key_env: ${strongKey}`],
  ['a list where a key stands', `api_key: [${strongKey}]`],
  ['a second key of one name', `api_key: ${strongKey}\napi_key: ${weakKey}`],
  ['an alias', `api_key: *${strongKey}`],
  ['client keys that are no list', `client_keys: ${clientKey}`],
  ['credentials in a URL of a wrong kind', `base_url: ftp://user:canary-password@h?key=canary`],
])('AT-29: a configuration that is refused: %s', async (_name, yaml) => {
  const load = loadConfig(configInput([], yaml), () => Promise.reject(new Error('none')));
  const message = await load.then(
    () => 'loaded',
    (error: unknown) => String(error),
  );
  expect(message).toContain('ConfigError');
  expect(message).not.toContain('canary');
});
