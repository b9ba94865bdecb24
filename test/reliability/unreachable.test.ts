import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import {
  startSelfSignedUpstream,
  type SelfSignedUpstream,
} from '../support/self-signed-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import { refusedUrl, startTcpUpstream, type TcpUpstream } from '../support/tcp-upstream.ts';
import { withGroups } from '../support/with-groups.ts';

const ids = {
  refused: 'F1',
  'no-host': 'F2',
  'no-tls': 'F2',
  'self-signed': 'F2',
  'stuck-tls': 'F2',
  silent: 'F3',
};
const names = Object.keys(ids) as (keyof typeof ids)[];

let strong: ScriptedUpstream;
let silent: TcpUpstream;
let plainText: TcpUpstream;
let selfSigned: SelfSignedUpstream;
let refused: string;
let gateway: TestGateway;

beforeAll(async () => {
  strong = await startScriptedUpstream();
  silent = await startTcpUpstream(async (connection) => void (await connection.request()));
  plainText = await startTcpUpstream(async (connection) => {
    await connection.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    connection.end();
  });
  selfSigned = await startSelfSignedUpstream();
  refused = await refusedUrl();
  gateway = await startTestGateway({ strong: strong.url }, (config) => ({
    ...withGroups(
      config,
      {
        refused: { baseUrl: refused },
        'no-host': { baseUrl: 'http://user:hunter2@no-such-host.invalid:81/v1?t0ken=x' },
        'no-tls': { baseUrl: plainText.url.replace('http:', 'https:') },
        'self-signed': { baseUrl: selfSigned.url },
        'stuck-tls': { baseUrl: silent.url.replace('http:', 'https:') },
        silent: { baseUrl: silent.url, headersTimeoutMs: 200 },
      },
      { fallbacks: new Map(names.map((name) => [name, ['strong']])), disableCooldowns: true },
    ),
    timeouts: { ...config.timeouts, connectMs: 300 },
  }));
});

beforeEach(async () => {
  strong.requests.length = 0;
  await silent.reset();
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), silent.close(), plainText.close(), selfSigned.close()]);
});

const chat = (model: string, rest = {}) =>
  post(`${gateway.url}/v1/chat/completions`, ask('hi', { model, num_retries: 0, ...rest }));

describe.each(names)('an upstream that is %s', (model) => {
  const id = ids[model];

  test(`${id}: the fallback answers, and the attempts are right`, async () => {
    const reply = await chat(model);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-attempts')).toBe('2');
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(strong.requests).toHaveLength(1);
    const code = model === 'silent' ? 'upstream_timeout' : 'upstream_unreachable';
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row['failed_calls']).toBe(`${model}: ${code}`);
  });

  test(`${id}: without a fallback the cause is told, with the host only`, async () => {
    const reply = await chat(model, { disable_fallbacks: true });
    const isSilent = model === 'silent';
    expect(reply.status).toBe(isSilent ? 504 : 502);
    expect(reply.json).toMatchObject({
      error: { code: isSilent ? 'upstream_timeout' : 'upstream_unreachable' },
    });
    expect(reply.headers.get('x-should-retry')).toBe('false');
    expect(reply.headers.get('x-pointsman-attempts')).toBe('1');
    expect(reply.text).not.toMatch(/hunter2|t0ken|::1/);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ outcome: 'upstream_error', attempts: 1, failed_calls: null });
    expect(JSON.stringify(row)).not.toMatch(/hunter2|t0ken/);
  });
});

test.each([
  ['no-host', 'no-such-host.invalid:81 has a host name that'],
  ['no-tls', /at 127\.0\.0\.1:\d+ cannot be reached \((?:EPROTO|ERR_SSL_\w+)\)/],
  ['self-signed', /at 127\.0\.0\.1:\d+ cannot be reached \(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
  ['stuck-tls', /at 127\.0\.0\.1:\d+ did not accept a connection in time/],
])('F2: the message names the host and what failed: %s', async (model, message) => {
  const reply = await chat(model, { disable_fallbacks: true });
  expect(reply.text).toMatch(message);
  expect(selfSigned.requests).toBe(0);
});

test('F3: the socket of an upstream that never answers is closed', async () => {
  await chat('silent', { disable_fallbacks: true });
  await silent.connections[0]?.closed;
});
