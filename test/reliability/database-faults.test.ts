import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { SqliteDatabase } from '../../src/store/sqlite.ts';
import { ask, get, post } from '../support/chat.ts';
import { startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});

beforeEach(async () => {
  gateway = await startTestGateway({ strong: upstream.url });
});

afterEach(async () => {
  await gateway.close();
});

afterAll(() => upstream.close());

const chat = () => post(`${gateway.url}/v1/chat/completions`, ask('hi'));
const ready = async () => (await get(`${gateway.url}/readyz`)).status;

/**
 * Requests are served while the log cannot be written, and `/readyz` says so.
 *
 * @returns the decisions that they were answered with
 */
async function expectDegraded(): Promise<string[]> {
  const decisions: string[] = [];
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  await expect
    .poll(async () => {
      const { status, headers } = await chat();
      expect(status).toBe(200);
      decisions.push(headers.get('x-pointsman-decision-id') ?? '');
      return ready();
    })
    .toBe(503);
  lag.disable();
  // A lock on this thread would be 5 s.
  expect(lag.max / 1e6).toBeLessThan(4000);
  return decisions;
}

test('F32: while the database is locked requests are served, and the rows are written later', async () => {
  const other = new SqliteDatabase(gateway.db);
  other.exec('BEGIN EXCLUSIVE');
  const decisions = await expectDegraded();
  other.exec('COMMIT');
  await expect.poll(ready).toBe(200);
  const logged = () => other.prepare('SELECT decision_id FROM request').pluck().all().sort();
  await expect.poll(logged).toEqual(decisions.sort());
  other.close();
});

test('F32: without its table requests are served', async () => {
  const other = new SqliteDatabase(gateway.db);
  other.pragma('foreign_keys = OFF');
  other.exec('ALTER TABLE request RENAME TO gone');
  await expectDegraded();
  other.exec('ALTER TABLE gone RENAME TO request');
  other.close();
  await expect.poll(ready).toBe(200);
});

test('F32: a database that is overwritten with garbage fails no request', async () => {
  await chat();
  writeFileSync(gateway.db, Buffer.alloc(64 * 1024, 'x'));
  for (let i = 0; i < 5; i++) expect((await chat()).status).toBe(200);
});

test('F32: a clock that is set back changes no answer', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 3_600_000 });
  const reply = await chat();
  vi.useRealTimers();
  expect(reply.status).toBe(200);
  expect(await ready()).toBe(200);
});
