import { gzipSync, brotliCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { openRaw, rawExchange, rawPost } from '../support/raw-client.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let url: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url });
  url = `${gateway.url}/v1/chat/completions`;
});

beforeEach(() => {
  upstream.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

async function send(body: Buffer | string, headers: Record<string, string> = {}) {
  const reply = await fetch(url, { method: 'POST', body, headers });
  const json = (await reply.json()) as { error: Record<string, unknown> };
  return { status: reply.status, error: json.error };
}

describe('F25: a body that cannot be read', () => {
  afterEach(() => {
    expect(upstream.requests).toHaveLength(0);
  });

  const bom = Buffer.from('\ufeff{"model":"auto"}');
  test.each<[string, Buffer | string, number, Record<string, string>]>([
    ['malformed', '{"model":"auto",', 400, {}],
    ['empty', '', 400, {}],
    ['null', 'null', 400, {}],
    ['a list', '[]', 400, {}],
    ['a text', '"auto"', 400, {}],
    ['two values', '{}{}', 400, {}],
    ['a BOM and no messages', bom, 400, {}],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 400, {}],
    ['a cut emoji', Buffer.from('"😀').subarray(0, 4), 400, {}],
    ['50 000 deep', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 400, {}],
    ['201 deep', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`, 400, {}],
    ['twice the limit', Buffer.alloc(2 * 1024 * 1024, ' '), 413, {}],
    ['a gzip bomb', gzipSync(Buffer.alloc(50 * 1024 * 1024)), 413, { 'content-encoding': 'gzip' }],
    [
      'a brotli bomb',
      brotliCompressSync(Buffer.alloc(20 * 1024 * 1024)),
      413,
      { 'content-encoding': 'br' },
    ],
    ['gzip that is none', 'x', 400, { 'content-encoding': 'gzip' }],
    ['gzip cut short', gzipSync('{}').subarray(0, 15), 400, { 'content-encoding': 'gzip' }],
    ['an unknown encoding', '{}', 415, { 'content-encoding': 'zstd' }],
    ['two encodings', '{}', 415, { 'content-encoding': 'gzip, gzip' }],
    ['an odd encoding', '{}', 415, { 'content-encoding': '__proto__' }],
    ['an unknown charset', '{}', 415, { 'content-type': 'application/json; charset=utf-16' }],
  ])('%s', async (_what, body, status, headers) => {
    const seen = await send(body, headers);
    expect(seen.status).toBe(status);
    expect(Object.keys(seen.error).sort()).toEqual(['code', 'message', 'param', 'type']);
    expect(seen.error['type']).toBe('invalid_request_error');
  });

  test('a client that sends on after the 413 still gets it, and the next request is served', async () => {
    const client = await openRaw(gateway.url);
    client.send(rawPost(gateway.url, 'x'.repeat(8 * 1024 * 1024)));
    await client.until(/ 413 [\s\S]*limits\.body_bytes/);
    client.send(rawPost(gateway.url, 'null', ['Connection: close']));
    await client.closed;
    expect(client.text().match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 400']);
  });

  test('a client that leaves in the middle of its upload is no error of ours', async () => {
    for (const encoding of ['identity', 'gzip']) {
      const client = await openRaw(gateway.url);
      const head = rawPost(gateway.url, ' '.repeat(1000), [`Content-Encoding: ${encoding}`]);
      client.send(head.slice(0, -500));
      await new Promise((resolve) => setTimeout(resolve, 30));
      client.socket.resetAndDestroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(gateway.logLines.join('')).not.toContain('internal_error');
  });
});

test('F25: a body of 200 000 one-byte chunks costs its size', async () => {
  const client = await openRaw(gateway.url);
  const before = process.memoryUsage.rss();
  client.send(
    'POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  client.send('1\r\n \r\n'.repeat(200_000) + '0\r\n\r\n');
  await client.until(/ 400 [\s\S]*The body is empty/);
  client.destroy();
  expect(process.memoryUsage.rss() - before).toBeLessThan(100 * 1024 * 1024);
});

describe('F26: messages that are none are named', () => {
  const user = { role: 'user', content: 'x' };
  test.each<[unknown, string]>([
    [undefined, 'messages'],
    [[], 'messages'],
    ['hi', 'messages'],
    [{}, 'messages'],
    [[user, 3], 'messages[1]'],
    [[user, null], 'messages[1]'],
    [[[]], 'messages[0]'],
    [[{ content: 'x' }], 'messages[0].role'],
    [[{ role: 'wizard', content: 'x' }], 'messages[0].role'],
    [[{ role: '__proto__', content: 'x' }], 'messages[0].role'],
    [[user, user, user, { role: 'user', content: 3 }], 'messages[3].content'],
    [[{ role: 'user', content: { text: 'x' } }], 'messages[0].content'],
  ])('%j: %s', async (messages, param) => {
    const { status, error } = await send(JSON.stringify({ model: 'auto', messages }));
    expect([status, error['param']]).toEqual([400, param]);
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('F26: unusual messages are routed', () => {
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } };
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
  test.each<[string, unknown[]]>([
    ['null with tool_calls', [{ role: 'assistant', content: null, tool_calls: [call] }]],
    ['an image alone', [{ role: 'user', content: [image] }]],
    ['10 000 messages', Array.from({ length: 10_000 }, () => ({ role: 'user', content: 'x' }))],
    ['a system message alone', [{ role: 'system', content: 'Be brief.' }]],
    ['empty texts', [{ role: 'user', content: '' }]],
    ['no content at all', [{ role: 'user' }]],
    ['odd parts', [{ role: 'user', content: [3, null, 'text', { type: 'x' }] }]],
  ])('%s', async (_what, messages) => {
    const reply = await post(url, { model: 'auto', messages });
    expect(reply.status).toBe(200);
    expect(upstream.requests[0]?.body['messages']).toEqual(messages);
  });
});

describe('F29: nothing in a request chooses an upstream', () => {
  const forbidden = 'api_base base_url api_key api_version extra_headers model_list deployment_id';
  const places: [string, (field: string) => object][] = [
    ['', (field) => ({ [field]: 'x' })],
    ['metadata.', (field) => ({ metadata: { [field]: null } })],
    ['extra_body.a[1].', (field) => ({ extra_body: { a: [{}, { [field]: {} }] } })],
    ['metadata.messages.', (field) => ({ metadata: { messages: { [field]: 'x' } } })],
  ];
  test.each(forbidden.split(' '))('%s, at any depth', async (field) => {
    for (const [path, extra] of places) {
      const { status, error } = await send(JSON.stringify(ask('hi', extra(field) as never)));
      expect([status, error['code'], error['param']]).toEqual([
        ...[400, 'unsupported_parameter', path + field],
      ]);
    }
    const escaped = JSON.stringify(ask('hi')).replace(
      '{',
      `{"\\u00${hex(field)}${field.slice(1)}":1,`,
    );
    expect((await send(escaped)).status).toBe(400);
    expect(upstream.requests).toHaveLength(0);
  });

  test.each(['messages', 'tools', 'functions', 'response_format', 'prompt', 'input'])(
    'but may stand in %s, which is the user’s',
    async (field) => {
      const free = { base_url: { api_key: 'x' } };
      const messages = [{ role: 'user', content: 'x', ...free }];
      const body =
        field === 'messages' ? { model: 'auto', messages } : ask('hi', { [field]: free });
      expect((await post(url, body)).status).toBe(200);
    },
  );

  test('and no header of the client but the request id reaches it', async () => {
    const client = await openRaw(gateway.url);
    const headers = [
      'Authorization: Bearer sk-client-key',
      'Cookie: a=b',
      'X-Forwarded-Host: evil',
      'X-Api-Key: sk-client-key',
      'Proxy-Authorization: Basic eA==',
      'Connection: close, x-secret',
      'X-Secret: 1',
      'TE: trailers',
      'X-Request-Id: req-1',
    ];
    client.send(rawPost(gateway.url, JSON.stringify(ask('hi')), headers));
    await client.closed;
    expect(Object.keys(upstream.requests[0]?.headers ?? {}).sort()).toEqual([
      ...['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'host'],
      ...['user-agent', 'x-pointsman-via', 'x-request-id'],
    ]);
    expect(upstream.requests[0]?.headers['host']).toBe(new URL(upstream.url).host);
    expect(JSON.stringify(upstream.requests[0])).not.toContain('sk-client-key');
  });

  test('a header that would split ours is refused or cleaned', async () => {
    const bytes = rawPost(gateway.url, JSON.stringify(ask('hi')), [
      'X-Request-Id: a b\u0001c',
      'Connection: close',
    ]);
    const { status, text } = await rawExchange(gateway.url, bytes);
    if (status === 200) expect(/x-request-id: ([^\r]*)/.exec(text)?.[1]).toMatch(/^[0-9a-f-]{36}$/);
    else expect(status).toBe(400);
  });
});

describe('F31: a model name that is none', () => {
  test.each([
    ['../../etc/passwd', 404],
    ['router-mf-abc', 400],
    ['router@2', 400],
    ['router@NaN', 400],
    ['router@', 400],
    ['router-mf-', 400],
    ['router-mf-0x1', 400],
    ['router-mf-1e999', 400],
    ['x'.repeat(10_240), 404],
    ['__proto__', 404],
    ['constructor', 404],
    ['toString', 404],
    ['router-__proto__', 404],
    ['strong\u0000', 404],
    ['', 400],
    [undefined, 400],
    [null, 400],
    [7, 400],
    [{}, 400],
    [['auto'], 400],
  ])('%j is a %d', async (model, status) => {
    const seen = await send(JSON.stringify(ask('hi', { model })));
    expect(seen.status).toBe(status);
    expect(seen.error['param']).toBe('model');
    expect(String(seen.error['message']).length).toBeLessThan(600);
    expect(upstream.requests).toHaveLength(0);
  });

  test.each(['/v1/models/%E0%A4%A', '/v1/models/..%2f..%2fetc', '//v1/models', '/v1/models/%00'])(
    'GET %s is answered in the OpenAI shape',
    async (path) => {
      const client = await rawExchange(
        gateway.url,
        `GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`,
      );
      expect([400, 404]).toContain(client.status);
      expect(client.text).toContain('"type":"invalid_request_error"');
    },
  );
});

function hex(text: string): string {
  return text.charCodeAt(0).toString(16);
}
