import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Router } from '../../src/routing/router.ts';
import { ask } from '../support/chat.ts';
import { openRaw, rawPost } from '../support/raw-client.ts';
import { readLog, waitForRow } from '../support/read-log.ts';
import { scriptedRouter, startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  answerOnce,
  chunked,
  head,
  startTcpUpstream,
  streamHead,
  type Play,
  type TcpUpstream,
} from '../support/tcp-upstream.ts';
import { withGroups } from '../support/with-groups.ts';

let upstream: TcpUpstream;
let gateway: TestGateway;
let scoring: { started: () => void; aborted: () => void };
const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown) => void unhandled.push(reason);

/** Never done; tells when it begins and when it is told to stop. */
const slowRouter: Router = scriptedRouter({
  name: 'slow',
  score: (_text, signal) =>
    new Promise((_resolve, reject) => {
      scoring.started();
      signal?.addEventListener('abort', () => {
        scoring.aborted();
        reject(new Error('stopped'));
      });
    }),
});

beforeAll(async () => {
  process.on('unhandledRejection', onUnhandled);
  upstream = await startTcpUpstream();
  gateway = await startTestGateway(
    { strong: upstream.url },
    (config) =>
      withGroups(
        config,
        { retried: { baseUrl: upstream.url, numRetries: 3 } },
        { retryAfterMs: 60_000, disableCooldowns: true },
      ),
    [scriptedRouter(), slowRouter],
  );
});

beforeEach(async () => {
  await upstream.reset();
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
  process.off('unhandledRejection', onUnhandled);
  expect(unhandled).toEqual([]);
});

/** Asks, and returns what ends the connection. */
async function askAndLeave(id: string, fields: Record<string, unknown>) {
  const client = await openRaw(gateway.url);
  client.send(rawPost(gateway.url, JSON.stringify(ask('0.1 hi', fields)), [`X-Request-Id: ${id}`]));
  return {
    client,
    leave: (how: 'FIN' | 'RST'): void => {
      if (how === 'RST') client.socket.resetAndDestroy();
      else client.destroy();
    },
  };
}

async function expectLogged(id: string, more: Record<string, unknown> = {}): Promise<void> {
  const row = await waitForRow(gateway.db, (row) => row['request_id'] === id);
  expect(row).toMatchObject({ status: 499, outcome: 'client_abort', error_code: null, ...more });
  expect(readLog(gateway.db).filter((row) => row['request_id'] === id)).toHaveLength(1);
}

const one = chunked('data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n\n');
const jsonHead = head('200 OK', { 'content-type': 'application/json', 'content-length': '999' });
const phases: [string, string, Play, Record<string, unknown>, RegExp | null][] = [
  ['before headers', 'waiting', answerOnce(), {}, null],
  ['before headers of a stream', 'waiting-stream', answerOnce(), { stream: true }, null],
  ['before content', 'prelude', answerOnce(streamHead), { stream: true }, null],
  ['mid-stream', 'stream', answerOnce(streamHead, one), { stream: true }, /"one"/],
  ['in a body that is not streamed', 'json', answerOnce(jsonHead, '{"choices":'), {}, null],
];

test.each(phases)('F21: a client that leaves %s ends the upstream’s call', async (...phase) => {
  const [, name, play, fields, shown] = phase;
  for (const how of ['FIN', 'RST'] as const) {
    await upstream.reset();
    upstream.enqueue(play);
    const id = `${name}-${how}`;
    const { client, leave } = await askAndLeave(id, fields);
    await expect.poll(() => upstream.requests.length).toBe(1);
    if (shown !== null) await client.until(shown);
    else await new Promise((resolve) => setTimeout(resolve, 20)); // let the bytes arrive
    leave(how);
    await upstream.connections[0]?.closed; // which would otherwise outlast the test
    await expectLogged(id, { attempts: 1 });
    expect(upstream.requests).toHaveLength(1);
  }
});

test('F21: in the sleep between two attempts: no more attempts', async () => {
  upstream.enqueue(answerOnce('HTTP/1.1 500 x\r\ncontent-length: 0\r\n\r\n'));
  const { leave } = await askAndLeave('sleep', { model: 'retried' });
  await expect.poll(() => upstream.requests.length).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  leave('FIN');
  await expectLogged('sleep', { attempts: 1 });
  expect(upstream.requests).toHaveLength(1);
});

test('F21: while the prompt is embedded: the scorer is told, and no upstream is called', async () => {
  const started = new Promise<void>((resolve) => (scoring = { started: resolve, aborted() {} }));
  const { leave } = await askAndLeave('embedding', { model: 'router-slow' });
  await started;
  const aborted = new Promise<void>((resolve) => (scoring.aborted = resolve));
  leave('FIN');
  await aborted;
  await expectLogged('embedding', { attempts: 0 });
  expect(upstream.connections).toHaveLength(0);
});

test('F21: nothing of it stays: fifty aborted calls leave no socket', async () => {
  const leave = async () => {
    const { client } = await askAndLeave('many', { stream: true });
    await client.until(/"one"/);
    client.destroy();
  };
  const plays = Array.from({ length: 50 }, () => answerOnce(streamHead, one));
  upstream.enqueue(...plays);
  await Promise.all(plays.map(leave));
  // undici may have opened a few more, which nobody used.
  const isOpen = ({ socket }: { socket: { destroyed: boolean } }) => !socket.destroyed;
  await expect.poll(() => upstream.connections.filter(isOpen).length).toBeLessThan(20);
  const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap');
  expect(sockets.length).toBeLessThan(60);
});
