import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchConfig } from '../../src/cli/reload.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import type { CachedEmbedder } from '../../src/embedding/embedding-cache.ts';
import { EmbeddingError } from '../../src/errors.ts';
import { startServer, type RunningServer } from '../../src/main.ts';
import { LogUnavailableError } from '../../src/store/log-unavailable-error.ts';
import { SqliteDatabase } from '../../src/store/sqlite.ts';
import { ask, get, post } from '../support/chat.ts';
import { deployment } from '../support/deployment.ts';
import { openRaw, rawPost } from '../support/raw-client.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  completion,
  startScriptedUpstream,
  streamOf,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import {
  scriptedRouter,
  startTestGateway,
  testConfig,
  withTiers,
} from '../support/start-gateway.ts';
import { answerEach, jsonAnswer, startTcpUpstream } from '../support/tcp-upstream.ts';
import { tempFolder } from '../support/temp-folder.ts';

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});

afterAll(async () => {
  await upstream.close();
});

describe('SIGHUP or a changed file', () => {
  const signals = new EventEmitter();
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-'));
  const file = join(folder, 'pointsman.yaml');
  let server: RunningServer;
  let stopWatching: () => Promise<void>;

  const yaml = (strong: string, rest = '') =>
    `strong: { model: ${strong} }\nweak: { model: weak-model }\nbase_url: ${upstream.url}\n` +
    `routers: [random]\nport: 0\ndb: ${join(folder, 'log.db')}\n${rest}`;
  const load = () =>
    loadConfig(
      { configFile: file, flags: { kind: 'flags', values: {}, locate: String }, env: {} },
      () => Promise.reject(new Error('models are named')),
    );
  const health = async () =>
    (await get(`${server.url}/health`)).json['config'] as Record<string, unknown>;
  const modelNames = async () => JSON.stringify((await get(`${server.url}/v1/models`)).json);

  beforeAll(async () => {
    await writeFile(file, yaml('first-model'));
    const { config } = await load();
    const logger = pino({ level: 'silent' });
    server = await startServer(config, { logger });
    const started = Promise.resolve(server);
    const deps = { server: started, load, logger, signals, isTerminalGone: () => false };
    stopWatching = watchConfig(config, { ...deps, configFile: file, pollMs: 20 });
  });

  afterAll(async () => {
    await stopWatching();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('AT-25: a good file takes effect whole, nothing of the old one is left', async () => {
    expect(await modelNames()).toContain('first-model');
    await writeFile(file, yaml('second-model', 'limits: { body_bytes: 200 }\n'));
    signals.emit('SIGHUP');
    await expect.poll(modelNames).toContain('second-model');
    expect(await modelNames()).not.toContain('first-model');
    const old = await post(
      `${server.url}/v1/chat/completions`,
      ask('hi', { model: 'first-model' }),
    );
    expect(old.status).toBe(404);
    const large = await post(`${server.url}/v1/chat/completions`, ask('x'.repeat(300)));
    expect(large.status).toBe(413);
    expect(await health()).toMatchObject({ reload_error: null });
  });

  test('F34: a bad file keeps the old configuration and says so in /health', async () => {
    await writeFile(file, yaml('third-model', 'no_such_key: 1\n'));
    const { reloads, last_reload_at } = await health();
    expect(last_reload_at).toEqual(expect.any(String));
    signals.emit('SIGHUP');
    await expect.poll(health).toMatchObject({
      reload_error: expect.stringContaining('no_such_key') as string,
    });
    expect(await modelNames()).toContain('second-model');
    expect(await health()).toMatchObject({ reloads, last_reload_at });
  });

  test('a changed file is noticed without a signal', async () => {
    await writeFile(file, yaml('fourth-model'));
    await expect.poll(modelNames).toContain('fourth-model');
    expect(await health()).toMatchObject({ reload_error: null });
  });
});

describe('a reload', () => {
  test('that fails after its encoder was loaded leaves no encoder process behind', async () => {
    const db = join(tempFolder(), 'log.db');
    const config = { ...testConfig(upstream.url, upstream.url, db), routers: ['random'] };
    const server = await startServer(config, { logger: pino({ level: 'silent' }) });
    const processes = () =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
    const before = processes();
    const other = new SqliteDatabase(db);
    other.exec('ALTER TABLE applied_head RENAME TO gone');
    await expect(server.reload({ ...config, routers: ['mf'] })).rejects.toThrow(
      LogUnavailableError,
    );
    await expect.poll(processes).toBe(before);
    other.exec('ALTER TABLE gone RENAME TO applied_head');
    other.close();
    await server.reload({ ...config, routers: ['mf'] });
    expect(processes()).toBeGreaterThan(before);
    await server.close();
    await expect.poll(processes).toBe(before);
  });

  test('that is under way when the watching ends is waited for, and no other begins', async () => {
    const signals = new EventEmitter();
    let loads = 0;
    let goOn = () => {};
    const going = new Promise<void>((resolve) => (goOn = resolve));
    const config = testConfig(upstream.url, upstream.url, '');
    const done: string[] = [];
    const stopWatching = watchConfig(config, {
      server: Promise.resolve({
        reload: async () => {
          await going;
          done.push('reload');
          return [];
        },
        noteReload: () => {},
      }),
      load: () => {
        loads++;
        return Promise.resolve({ config, warnings: [] });
      },
      logger: pino({ level: 'silent' }),
      signals,
      isTerminalGone: () => false,
      configFile: null,
    });
    signals.emit('SIGHUP');
    signals.emit('SIGHUP'); // wanted again
    const stopped = stopWatching().then(() => done.push('stopped'));
    goOn();
    await stopped;
    expect(done).toEqual(['reload', 'stopped']);
    expect(loads).toBe(1);
  });
});

/** Fails once it is closed. */
function ownEmbedder(id: string): CachedEmbedder {
  let isClosed = false;
  return {
    ...{ id, dimensions: 1, counts: () => ({ hits: 0, misses: 0 }) },
    embed: () =>
      isClosed
        ? Promise.reject(new EmbeddingError('The encoder is closed.'))
        : Promise.resolve([{ vector: Float32Array.of(1), tokens: 1, unknownShare: 0 }]),
    close: () => Promise.resolve(void (isClosed = true)),
  };
}

describe('a running request', () => {
  test('keeps the configuration that it began with', async () => {
    const gateway = await startTestGateway({ strong: upstream.url });
    const text = streamOf('weak-model:7b', [{ content: 'one' }], false);
    let goOn = () => {};
    const going = new Promise<void>((resolve) => (goOn = resolve));
    upstream.enqueue(async (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(text.slice(0, -20));
      await going;
      res.end(text.slice(-20));
    });
    const body = JSON.stringify(ask('hi', { stream: true }));
    const running = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', body });
    const next = withTiers(gateway.config, { weak: { model: 'new-weak', name: 'new-weak' } });
    const { freed } = await gateway.replace(next, gateway.parts);
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
    expect(reply.json['model']).toBe('new-weak');
    let isFreed = false;
    void freed.then(() => (isFreed = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isFreed).toBe(false);
    goOn();
    expect(await running.text()).toBe(text);
    await freed;
    await gateway.close();
  });

  test.each([
    ['a score', 'router/score', { prompt: '0.7 why' }, '"router_version":"new"'],
    ['embeddings', 'embeddings', { model: 'nomic', input: 'a' }, '"model":"nomic"'],
    ['our own embeddings', 'embeddings', { model: 'local', input: 'a' }, '"model":"new"'],
  ])('that is still arriving gets the new one: %s', async (_name, path, request, expected) => {
    upstream.enqueue(completion('', { data: [{ index: 0, embedding: [1] }] }));
    const parts = (name: string) => {
      const router = scriptedRouter({ version: name });
      return { routers: new Map([['mf', router]]), embedderId: name, embedder: ownEmbedder(name) };
    };
    const gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
      ...config,
      embeddingsUpstream: deployment({
        ...{ group: 'embeddings', name: 'nomic', model: 'nomic', baseUrl: upstream.url },
      }),
    }));
    const old = parts('old');
    await gateway.replace(gateway.config, old);
    const client = await openRaw(gateway.url);
    const bytes = rawPost(gateway.url, JSON.stringify(request), ['Expect: 100-continue']);
    client.send(bytes.replace('chat/completions', path).slice(0, -5));
    await client.until(/ 100 /);
    const { freed } = await gateway.replace(gateway.config, parts('new'));
    await freed;
    await old.embedder.close();
    client.send(bytes.slice(-5));
    const [, status, body] = await client.until(/ ([2-5]\d\d) .*\r\n\r\n(\{.*\})/s);
    expect([status, body]).toEqual(['200', expect.stringContaining(expected)]);
    client.destroy();
    await gateway.close();
  });

  test('keeps it while its score is explained, to a client or to the dashboard', async () => {
    let goOn = () => {};
    const going = new Promise<void>((resolve) => (goOn = resolve));
    const quick = scriptedRouter();
    const router = scriptedRouter({ explain: (text) => going.then(() => quick.explain(text)) });
    const full = (config: Config) => ({ ...config, logPrompts: 'full' as const });
    const gateway = await startTestGateway({ strong: upstream.url }, full, [router]);
    const chat = await post(`${gateway.url}/v1/chat/completions`, ask('0.7 why'));
    await waitForDecision(gateway.db, chat.headers);
    const id = chat.headers.get('x-pointsman-decision-id');
    const replies = Promise.all([
      post(`${gateway.url}/v1/router/score`, { prompt: '0.7 why' }),
      get(`${gateway.url}/dashboard/api/requests/${id}`),
    ]);
    const inFlight = async () => (await get(`${gateway.url}/health`)).json['in_flight'];
    await expect.poll(inFlight).toBe(2);
    const { freed } = await gateway.replace(gateway.config, gateway.parts);
    let isFreed = false;
    void freed.then(() => (isFreed = true));
    const closed = gateway.close();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(isFreed).toBe(false);
    goOn();
    const [scored, detail] = await replies;
    expect(scored.json).toMatchObject({ score: 0.7, reasons: [] });
    expect(detail.json).toMatchObject({ explanation: { score: 0.7, reasons: [] } });
    await freed;
    await closed;
  });
});

test('AT-26: a thousand reloads leave no listeners, timers or sockets behind', async () => {
  // Would keep a connection for ten minutes.
  const model = await startTcpUpstream(
    answerEach(jsonAnswer('hi', { 'keep-alive': 'timeout=600' })),
  );
  const folder = tempFolder();
  const config = {
    ...testConfig(model.url, model.url, join(folder, 'log.db')),
    routers: ['random'],
  };
  const logger = pino({ level: 'silent' });
  const server = await startServer(config, { logger });
  const signals = new EventEmitter();
  const failures: unknown[] = [];
  let reloaded = () => {};
  const stopWatching = watchConfig(config, {
    server: Promise.resolve({
      reload: (next: Config) => server.reload(next).finally(() => reloaded()),
      noteReload: (failure: unknown) => void failures.push(failure),
    }),
    load: () => Promise.resolve({ config, warnings: [] }),
    ...{ logger, signals, isTerminalGone: () => false, configFile: null },
  });
  const cycle = async () => {
    expect((await post(`${server.url}/v1/chat/completions`, ask('hi'))).status).toBe(200);
    for (let i = 0; i < 250; i++) {
      const done = new Promise<void>((resolve) => (reloaded = resolve));
      signals.emit('SIGHUP');
      await done;
    }
  };
  const listeners = () =>
    [process, signals].flatMap((emitter: EventEmitter) =>
      emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]),
    );
  const open = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate');
  // Node's word for what is listened to more than ten times, whatever it is.
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  process.on('warning', onWarning);

  await cycle();
  const before = { open: open().length, listeners: listeners() };
  for (let i = 0; i < 3; i++) await cycle();
  await expect.poll(() => open().length).toBeLessThanOrEqual(before.open + 2);
  expect(listeners()).toEqual(before.listeners);
  expect([warnings, failures]).toEqual([[], []]);
  expect(model.connections.length).toBeGreaterThanOrEqual(4);
  await Promise.all(model.connections.map(({ closed }) => closed));

  process.off('warning', onWarning);
  await stopWatching();
  expect(signals.listenerCount('SIGHUP')).toBe(0);
  await server.close();
  await model.close();
});
