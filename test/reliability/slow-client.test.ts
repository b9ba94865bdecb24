import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { defaultServerLimits } from '../../src/http/server.ts';
import { ask, get, post } from '../support/chat.ts';
import { deployment } from '../support/deployment.ts';
import { openRaw, rawPost, type RawClient } from '../support/raw-client.ts';
import { waitForRow } from '../support/read-log.ts';
import { completion, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  bodyAnswer,
  chunked,
  startTcpUpstream,
  streamHead,
  type Play,
  type TcpUpstream,
} from '../support/tcp-upstream.ts';

const megabyte = 1024 * 1024;
const writeIdleMs = 600;
let upstream: TcpUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTcpUpstream();
  gateway = await startTestGateway(
    { strong: upstream.url },
    (config) => ({
      ...config,
      // Shorter than the client is slow: its slowness must not be taken for the upstream's silence.
      timeouts: { ...config.timeouts, idleMs: 200 },
      limits: { ...config.limits, answerBytes: 64 * megabyte, inFlight: 20 },
      dispatch: { ...config.dispatch, fallbacks: new Map(), numRetries: 0 },
    }),
    undefined,
    { headersMs: 400, requestMs: 800, writeIdleMs, connections: 1000 },
  );
});

beforeEach(async () => {
  await upstream.reset();
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'x'.repeat(65_000) } }] })}\n\n`;

/** A stream of 100 MB, as fast as it is taken; tells how much that was. */
function endless(sent: { bytes: number }): Play {
  return async (connection) => {
    await connection.request();
    await connection.send(streamHead);
    while (sent.bytes < 100 * megabyte && !connection.socket.destroyed) {
      await connection.send(chunked(event));
      sent.bytes += event.length;
    }
  };
}

async function askPaused(id: string, stream: boolean): Promise<RawClient> {
  const client = await openRaw(gateway.url, true);
  const body = JSON.stringify(ask('hi', { stream }));
  client.send(rawPost(gateway.url, body, [`X-Request-Id: ${id}`]));
  return client;
}

test('F22: a client that does not read stops the upstream, and is cut off', async () => {
  const sent = { bytes: 0 };
  upstream.enqueue(endless(sent));
  const before = process.memoryUsage.rss();
  const client = await askPaused('unread', true);
  await expect.poll(() => upstream.connections.length).toBe(1);
  await upstream.connections[0]?.closed;
  expect(sent.bytes).toBeLessThan(50 * megabyte); // what the kernel's buffers hold, four of them
  expect(process.memoryUsage.rss() - before).toBeLessThan(150 * megabyte);
  const row = await waitForRow(gateway.db, (row) => row['request_id'] === 'unread');
  expect(row).toMatchObject({ status: 499, outcome: 'client_abort' });
  client.destroy();
});

test('F22: a client that pauses for less than the limit gets every byte', async () => {
  const sent = { bytes: 90 * megabyte };
  upstream.enqueue(async (connection) => {
    await endless(sent)(connection);
    await connection.send(`${chunked('data: [DONE]\n\n')}0\r\n\r\n`);
  });
  const client = await askPaused('pauses', true);
  await new Promise((resolve) => setTimeout(resolve, writeIdleMs / 2)); // longer than idleMs
  client.socket.resume();
  await expect.poll(client.tail).toMatch(/\[DONE\]\n\n\r\n0\r\n\r\n$/);
  const row = await waitForRow(gateway.db, (row) => row['request_id'] === 'pauses');
  expect(row).toMatchObject({ status: 200, outcome: 'done' });
  client.destroy();
});

test('F22: an answer in one piece that nobody reads does not stay for good', async () => {
  const choices = [{ index: 0, message: { content: 'x'.repeat(30 * megabyte) } }];
  upstream.enqueue(async (connection) => {
    await connection.request();
    await connection.send(bodyAnswer(JSON.stringify({ choices })));
  });
  const client = await askPaused('unread-json', false);
  const row = await waitForRow(gateway.db, (row) => row['request_id'] === 'unread-json');
  expect(row).toMatchObject({ status: 499, outcome: 'client_abort' });
  client.socket.resume();
  await client.closed;
});

/** Takes half a megabyte at a time, with pauses. */
async function readSlowly({ socket, closed }: RawClient): Promise<void> {
  let taken = 0;
  socket.on('data', (chunk: Buffer) => {
    taken += chunk.length;
    if (taken < megabyte / 2) return;
    taken = 0;
    socket.pause();
    setTimeout(() => socket.resume(), 100);
  });
  socket.resume();
  await closed;
}

test('F22: an answer in one piece reaches a client that reads it slowly', async () => {
  const large = 'x'.repeat(30 * megabyte);
  const scripted = await startScriptedUpstream();
  // Good for chat and for embeddings.
  scripted.always(completion('hi', { data: [{ index: 0, embedding: [1] }], large }));
  const model = 'nomic';
  const patient = await startTestGateway(
    { strong: scripted.url },
    (config) => ({
      ...config,
      embeddingsUpstream: deployment({ group: 'embeddings', model, baseUrl: scripted.url }),
      timeouts: { ...config.timeouts, totalMs: 60_000 },
      limits: { ...config.limits, answerBytes: 64 * megabyte },
    }),
    undefined,
    { ...defaultServerLimits, writeIdleMs: 2000 },
  );
  const requests: [string, unknown][] = [
    ['chat/completions', ask('hi')],
    ['embeddings', { model, input: 'hi' }],
  ];
  const clients = requests.map(async ([path, body]) => {
    const client = await openRaw(patient.url, true);
    const bytes = rawPost(patient.url, JSON.stringify(body), ['Connection: close']);
    client.send(bytes.replace('chat/completions', path));
    await new Promise((resolve) => setTimeout(resolve, 500)); // less than the limit
    await readSlowly(client);
    expect(client.text().length, path).toBeGreaterThan(large.length);
    expect(client.tail(), path).toMatch(/\}$/);
  });
  await Promise.all(clients);
  await patient.close();
  await scripted.close();
});

test('F23: 500 clients that send nothing more are told 408, and others are answered', async () => {
  const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nX-Slow: `;
  const clients = await Promise.all(Array.from({ length: 500 }, () => openRaw(gateway.url)));
  for (const client of clients) client.send(head);
  expect((await post(`${gateway.url}/v1/chat/completions`, ask('hi'))).status).toBe(200);
  await Promise.all(clients.map(({ closed }) => closed));
  for (const client of clients)
    expect(client.text()).toMatch(/^HTTP\/1\.1 408 .*"invalid_request_error"/s);
});

test('F23: clients whose bodies never end take no place from others', async () => {
  const clients = await Promise.all(Array.from({ length: 30 }, () => openRaw(gateway.url)));
  for (const client of clients) {
    client.send(rawPost(gateway.url, ' '.repeat(1000)).slice(0, -500));
  }
  await expect.poll(async () => (await get(`${gateway.url}/livez`)).status).toBe(200);
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
  expect(reply.status).toBe(200);
  await Promise.all(clients.map(({ closed }) => closed));
  for (const client of clients) expect(client.text()).toMatch(/^HTTP\/1\.1 408 /);
});

test('F23: connections over the limit are closed at once', async () => {
  const clients = await Promise.all(Array.from({ length: 1010 }, () => openRaw(gateway.url)));
  await expect
    .poll(() => clients.filter(({ socket }) => socket.destroyed).length)
    .toBeGreaterThan(5);
  for (const client of clients) client.destroy();
  await expect.poll(async () => (await get(`${gateway.url}/livez`)).status).toBe(200);
});
