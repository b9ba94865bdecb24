import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import {
  chunked,
  jsonAnswer,
  lastChunk,
  startTcpUpstream,
  streamHead,
  type Play,
  type TcpUpstream,
} from '../support/tcp-upstream.ts';
import { streamOf } from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let upstream: TcpUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startTcpUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
});

beforeEach(async () => {
  await upstream.reset(); // no connection is left from the test before
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const chat = () => post(`${gateway.url}/v1/chat/completions`, ask('hi'));

/** Answers one request; then waits for a second one and lets it down. */
function failsSecond(fail: Play): Play {
  return async (connection) => {
    await connection.request();
    await connection.send(jsonAnswer('first'));
    await connection.request();
    await fail(connection);
  };
}

test.each<[string, Play]>([
  ['RST', (connection) => connection.reset()],
  ['FIN', (connection) => connection.end()],
])('F4: a %s on a reused connection is one call on a new one, no failure', async (_how, fail) => {
  upstream.enqueue(failsSecond(fail));
  expect((await chat()).status).toBe(200);
  const second = await chat();
  expect(second.status).toBe(200);
  expect(second.headers.get('x-pointsman-attempts')).toBe('2');
  expect(upstream.connections).toHaveLength(2);
});

test('F4: the connection for the second try is new, though other dead ones lie idle', async () => {
  const idle = 3;
  const both = Array.from({ length: idle }, () => failsSecond((connection) => connection.reset()));
  upstream.enqueue(...both);
  await Promise.all(both.map(chat));
  expect(upstream.connections).toHaveLength(idle);
  expect((await chat()).status).toBe(200);
  expect(upstream.connections).toHaveLength(idle + 1);
});

test('F4: a reset on a new connection is a failure, and asked once', async () => {
  upstream.enqueue(async (connection) => {
    await connection.request();
    connection.reset();
  });
  const reply = await chat();
  expect(reply.status).toBe(502);
  expect(reply.json).toMatchObject({ error: { code: 'upstream_unreachable' } });
  expect(upstream.connections).toHaveLength(1);
});

test('F4: the second try is not followed by a third', async () => {
  upstream.enqueue(
    failsSecond((connection) => connection.reset()),
    (connection) => connection.reset(),
  );
  await chat();
  expect((await chat()).status).toBe(502);
  expect(upstream.connections).toHaveLength(2);
});

test('a stream whose end comes in a packet of its own keeps its connection', async () => {
  const text = streamOf('m', [{ content: 'one' }], false);
  upstream.enqueue(async (connection) => {
    for (;;) {
      await connection.request();
      await connection.send(streamHead + chunked(text));
      await new Promise((resolve) => setTimeout(resolve, 20));
      await connection.send(lastChunk);
    }
  });
  const stream = () => post(`${gateway.url}/v1/chat/completions`, ask('hi', { stream: true }));
  expect((await stream()).text).toBe(text);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect((await stream()).text).toBe(text);
  expect(upstream.connections).toHaveLength(1);
});
