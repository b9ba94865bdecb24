import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';
import { head, startTcpUpstream, type TcpUpstream } from '../support/tcp-upstream.ts';

const megabyte = 1024 * 1024;
let upstream: TcpUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTcpUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, (config) =>
    withoutFallbacks({ ...config, limits: { ...config.limits, answerBytes: 32 * megabyte } }),
  );
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

test.each([
  ['declared', { 'content-length': String(1024 * megabyte) }],
  ['until the connection ends', { connection: 'close' }],
])('F13: a body of 1 GB, %s, is stopped at 32 MiB', async (_how, headers) => {
  const piece = Buffer.alloc(megabyte, 'x');
  let sent = 0;
  upstream.enqueue(async (connection) => {
    await connection.request();
    await connection.send(head('200 OK', { 'content-type': 'application/json', ...headers }));
    while (sent < 1024 && !connection.socket.destroyed) {
      await connection.send(piece);
      sent++;
    }
  });
  const before = process.memoryUsage.rss();
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  expect(reply.status).toBe(502);
  expect(reply.json).toMatchObject({ error: { code: 'upstream_response_too_large' } });
  await upstream.connections.at(-1)?.closed;
  expect(sent).toBeLessThan(100); // 32, and what the kernel buffers of both ends hold
  expect(process.memoryUsage.rss() - before).toBeLessThan(256 * megabyte);
});

test('F13: a body in a hundred thousand pieces costs its size, not its pieces', async () => {
  const pieces = 100_000;
  upstream.enqueue(async (connection) => {
    await connection.request();
    await connection.send(head('200 OK', { 'transfer-encoding': 'chunked' }));
    await connection.send('1\r\n \r\n'.repeat(pieces));
    await connection.send('e\r\n{"choices":[]}\r\n0\r\n\r\n');
  });
  const before = process.memoryUsage.rss();
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  expect(reply.json).toMatchObject({ error: { code: 'upstream_invalid_response' } });
  expect(process.memoryUsage.rss() - before).toBeLessThan(256 * megabyte);
});
