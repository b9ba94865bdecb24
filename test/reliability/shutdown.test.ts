import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CachedEmbedder } from '../../src/embedding/embedding-cache.ts';
import { defaultServerLimits } from '../../src/http/server.ts';
import { ask, post } from '../support/chat.ts';
import { deployment } from '../support/deployment.ts';
import { openRaw, rawPost } from '../support/raw-client.ts';
import { readLog } from '../support/read-log.ts';
import {
  completion,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway } from '../support/start-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { twoHalves } from '../support/two-halves.ts';

const { text, half, script: inTwoHalves } = twoHalves('weak-model:7b');

test('F34: of 20 streams those in time finish, the others end in an error event, all are logged', async () => {
  const upstream = await startScriptedUpstream();
  const db = join(tempFolder(), 'log.db'); // outlives the gateway
  const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    db,
    timeouts: { ...config.timeouts, drainMs: 400 },
  }));
  let goOn = () => {};
  const going = new Promise<void>((resolve) => (goOn = resolve));
  const never = new Promise<void>(() => {});
  upstream.enqueue(
    ...Array.from({ length: 20 }, (_, i) => inTwoHalves(i % 2 === 0 ? going : never)),
  );
  const url = `${gateway.url}/v1/chat/completions`;
  const body = JSON.stringify(ask('hi', { stream: true }));
  const streams = await Promise.all(
    Array.from({ length: 20 }, () => fetch(url, { method: 'POST', body })),
  );
  const idle = await openRaw(gateway.url); // a kept connection, with nothing under way
  idle.send('GET /livez HTTP/1.1\r\nHost: h\r\n\r\n');
  await idle.until(/ 200 /);

  const closed = gateway.close();
  await idle.closed;
  await expect(openRaw(gateway.url)).rejects.toThrow();
  goOn();
  const texts = await Promise.all(streams.map((stream) => stream.text()));
  await closed;
  await upstream.close();
  expect(texts.filter((got) => got === text)).toHaveLength(10);
  const ended = texts.filter((got) => got !== text);
  for (const got of ended) {
    expect(got.startsWith(half)).toBe(true);
    expect(got).toContain('"shutting_down"');
    expect(got).not.toContain('[DONE]');
  }
  expect(readLog(db)).toHaveLength(20);
  await expect(post(url, ask('hi'))).rejects.toThrow();
});

test('F34: a connection that was busy when the server began to close takes one more request', async () => {
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({ strong: upstream.url });
  const goOn: (() => void)[] = [];
  const held: Script = async (res, seen) => {
    await new Promise<void>((resolve) => goOn.push(resolve));
    await completion('late')(res, seen);
  };
  upstream.enqueue(held, held);
  const [kept, other] = [await openRaw(gateway.url), await openRaw(gateway.url)];
  const chat = rawPost(gateway.url, JSON.stringify(ask('hi')));
  kept.send(chat);
  await expect.poll(() => goOn.length).toBe(1);
  other.send(chat);
  await expect.poll(() => goOn.length).toBe(2);

  const closed = gateway.close();
  goOn[0]!();
  await kept.until(/late/);
  kept.send('GET /livez HTTP/1.1\r\nHost: h\r\n\r\n');
  await kept.closed;
  expect(kept.text().slice(kept.text().indexOf('late'))).toMatch(
    /HTTP\/1.1 200 OK\r\n[^]*\bconnection: close\r\n/i,
  );
  goOn[1]!();
  await other.until(/late/);
  await closed;
  await upstream.close();
});

describe('an answer in one piece, larger than what the kernel holds', () => {
  const large = 'x'.repeat(30 * 1024 * 1024);
  const model = 'nomic';
  const own: CachedEmbedder = {
    ...{ id: large, dimensions: 1, counts: () => ({ hits: 0, misses: 0 }) },
    embed: () => Promise.resolve([{ vector: Float32Array.of(1), tokens: 1, unknownShare: 0 }]),
    close: () => Promise.resolve(),
  };
  const requests: [string, string, unknown][] = [
    ['of a chat', 'chat/completions', ask('hi')],
    ['of embeddings', 'embeddings', { model, input: 'hi' }],
    ['of our own encoder', 'embeddings', { model: 'local', input: 'hi' }],
  ];
  let upstream: ScriptedUpstream;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    // Good for chat and for embeddings.
    upstream.always(completion('hi', { data: [{ index: 0, embedding: [1] }], large }));
  });

  afterAll(async () => {
    await upstream.close();
  });

  /** Asks, and reads nothing of what is on its way. */
  async function begin(path: string, body: unknown, drainMs: number) {
    const db = join(tempFolder(), 'log.db');
    const baseUrl = upstream.url;
    const gateway = await startTestGateway(
      { strong: baseUrl },
      (config) => ({
        ...{ ...config, db },
        embeddingsUpstream: deployment({ group: 'embeddings', model, baseUrl }),
        timeouts: { ...config.timeouts, drainMs },
        limits: { ...config.limits, answerBytes: 64 * 1024 * 1024 },
      }),
      undefined,
      { ...defaultServerLimits, writeIdleMs: 2 ** 30 },
    );
    await gateway.replace(gateway.config, { ...gateway.parts, embedder: own });
    const client = await openRaw(gateway.url);
    client.send(rawPost(gateway.url, JSON.stringify(body)).replace('chat/completions', path));
    await once(client.socket, 'data');
    client.socket.pause();
    return { gateway, client };
  }

  test.each(requests)('%s reaches its client', async (_name, path, body) => {
    const { gateway, client } = await begin(path, body, 60_000);
    const closed = gateway.close();
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.socket.resume();
    await client.closed;
    await closed;
    expect(client.text().length).toBeGreaterThan(large.length);
    expect(client.tail()).toMatch(/\}$/);
  });

  test.each(requests)('%s holds up no shutdown when nobody reads it', async (_name, path, body) => {
    const { gateway, client } = await begin(path, body, 50);
    await gateway.close();
    client.socket.resume();
    await client.closed;
    expect(client.text().length).toBeLessThan(large.length);
  });
});
