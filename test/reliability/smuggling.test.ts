import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { openRaw, rawExchange, rawPost } from '../support/raw-client.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url });
});

beforeEach(() => {
  upstream.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const body = JSON.stringify(ask('hi'));
const length = `Content-Length: ${body.length}`;
const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const line = 'POST /v1/chat/completions HTTP/1.1';
/** A second request that a confused server would see. */
const hidden = `${line}\r\nHost: h\r\n${length}\r\n\r\n${body}`;

const join = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;

async function expectRefused(bytes: string | Buffer, statuses: readonly number[]): Promise<void> {
  const reply = await rawExchange(gateway.url, bytes); // resolves only when it is closed
  expect(statuses, reply.text).toContain(reply.status);
  expect(reply.text.match(/HTTP\/1\.1 /g), 'one answer only').toHaveLength(1);
  expect(upstream.requests).toHaveLength(0);
}

describe('F24: a request with two readings is refused, closed, and no upstream sees it', () => {
  test.each<[string, string]>([
    ['CL and TE', join(line, 'Host: h', length, 'Transfer-Encoding: chunked') + chunks + hidden],
    ['TE and CL', join(line, 'Host: h', 'Transfer-Encoding: chunked', length) + chunks + hidden],
    ['two equal lengths', join(line, 'Host: h', length, length) + body],
    ['two lengths', join(line, 'Host: h', length, 'Content-Length: 0') + body],
    ['a list of lengths', join(line, 'Host: h', `${length}, ${body.length}`) + body],
    ['a negative length', join(line, 'Host: h', 'Content-Length: -1') + body],
    ['a signed length', join(line, 'Host: h', `Content-Length: +${body.length}`) + body],
    ['a hex length', join(line, 'Host: h', 'Content-Length: 0x10') + body],
    ['an unknown TE', join(line, 'Host: h', 'Transfer-Encoding: xchunked') + chunks],
    ['TE not chunked last', join(line, 'Host: h', 'Transfer-Encoding: chunked, gzip') + chunks],
    ['two TE', join(line, 'Host: h', 'Transfer-Encoding: x', 'Transfer-Encoding: y') + chunks],
    ['a space before the colon', join(line, 'Host: h', `Content-Length : ${body.length}`) + body],
    ['a folded header', join(line, 'Host: h', 'Content-Length:', ` ${body.length}`) + body],
    ['bare LF', `${line}\nHost: h\n${length}\n\n${body}`],
    ['a CR in a header', join(line, 'Host: h', `X-A: a\rb`, length) + body],
    ['a NUL in a header', join(line, 'Host: h', `X-A: a\0b`, length) + body],
    ['no Host', join(line, length) + body],
    ['a bad chunk size', join(line, 'Host: h', 'Transfer-Encoding: chunked') + `zz\r\n${body}`],
    ['a huge chunk size', join(line, 'Host: h', 'Transfer-Encoding: chunked') + 'f'.repeat(20)],
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('%s', async (_what, bytes) => {
    await expectRefused(bytes, [400]);
  });

  test('a header of 20 KiB is a 431', async () => {
    await expectRefused(join(line, 'Host: h', `X-A: ${'a'.repeat(20 * 1024)}`, length), [431]);
  });

  test('a header is never dropped for the number of those before it', async () => {
    const many = Array.from({ length: 300 }, (_, i) => `X-${i}: a`);
    const last = ['x-pointsman-private: perhaps', 'Connection: close'];
    const reply = await rawExchange(gateway.url, rawPost(gateway.url, body, [...many, ...last]));
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('x-pointsman-private must be true or false');
  });

  test('an absolute-form target is no path of ours', async () => {
    const absolute = 'POST http://evil.example/v1/chat/completions HTTP/1.1';
    await expectRefused(join(absolute, 'Host: h', length, 'Connection: close') + body, [400, 404]);
  });

  test('CONNECT, TRACE and made-up methods are refused', async () => {
    const close = 'Connection: close';
    await expectRefused(join('CONNECT evil.example:443 HTTP/1.1', 'Host: h'), [400, 404, 405]);
    await expectRefused(join('TRACE /v1/chat/completions HTTP/1.1', 'Host: h', close), [404, 405]);
    await expectRefused(join('BREW /v1/chat/completions HTTP/1.1', 'Host: h', close), [400]);
  });

  test('a refusal is an OpenAI error, with its type and length', async () => {
    const { text } = await rawExchange(gateway.url, 'hello\r\n\r\n');
    const [head = '', json = ''] = text.split('\r\n\r\n');
    expect(head).toContain('content-type: application/json');
    expect(JSON.parse(json)).toMatchObject({
      error: { type: 'invalid_request_error', param: null, code: null },
    });
  });

  test('a client that keeps its half open is let go all the same', async () => {
    const client = await openRaw(gateway.url);
    client.socket.allowHalfOpen = true;
    client.send('hello\r\n\r\n');
    await client.until(/invalid_request_error/);
    const isReset = () => {
      client.send('x'); // to a closed socket: the answer is a reset
      return client.socket.destroyed;
    };
    await expect.poll(isReset).toBe(true);
  });
});

test('F24: garbage behind a request never lands in the answer of that request', async () => {
  let goOn = () => {};
  const going = new Promise<void>((resolve) => (goOn = resolve));
  upstream.enqueue(async (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write('data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n');
    await going;
    res.end();
  });
  const client = await openRaw(gateway.url);
  client.send(rawPost(gateway.url, JSON.stringify(ask('hi', { stream: true }))));
  await client.until(/"one"/);
  client.send('\0garbage\r\n\r\n');
  await client.closed; // the parser is lost, so the connection is
  goOn();
  expect(client.text().match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test('F24: two whole requests on one connection are two answers', async () => {
  const client = await openRaw(gateway.url);
  client.send(rawPost(gateway.url, body) + rawPost(gateway.url, body, ['Connection: close']));
  await client.closed;
  expect(client.text().match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  expect((await post(`${gateway.url}/v1/chat/completions`, body)).status).toBe(200);
});
