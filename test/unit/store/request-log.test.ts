import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { applyThreshold } from '../../../src/store/apply-threshold.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Signal } from '../../../src/store/evidence.ts';
import { LogUnavailableError } from '../../../src/store/log-unavailable-error.ts';
import { openRequestLog, type RequestLogOptions } from '../../../src/store/request-log.ts';
import type { AppliedThreshold } from '../../../src/store/request-record.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { startLogWorker } from '../../../src/store/writer-thread.ts';
import { comparison } from '../../support/comparison.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** A running log, a second connection to its file, and its writer threads. */
async function openLog(options: Partial<RequestLogOptions> = {}) {
  const file = options.file ?? join(tempFolder(), 'log.db');
  const failures: (string | null)[] = [];
  const threads: Worker[] = [];
  const onFailure = (failure: string | null) => void failures.push(failure);
  const log = await openRequestLog({ file, pollMs: 20, onFailure, ...options }, (data) => {
    const thread = startLogWorker(data);
    threads.push(thread);
    return thread;
  });
  const other = new SqliteDatabase(file);
  onTestFinished(async () => {
    other.close();
    await log.close();
  });
  const count = () => other.prepare('select count(*) from request').pluck().get();
  return { file, log, other, failures, threads, count };
}

const until = (check: () => unknown) => vi.waitUntil(check, { timeout: 10_000, interval: 10 });

const feedback = { decisionId: 'dec_1', source: 'user', value: 1, comment: null };
const signal: Signal = {
  decisionId: 'dec_1',
  kind: 'empty_answer',
  value: 0,
  seenAtMs: Date.UTC(2025, 0, 2, 3, 4, 6),
};

test('rows are on disk after a flush, and after closing', async () => {
  const { file, log, count } = await openLog();
  for (let i = 0; i < 250; i++) log.append(requestRecord({ decisionId: `dec_${i}` }));
  expect(log.state()).toEqual({ queued: 250, written: 0, dropped: 0, failure: null });
  await log.flush();
  expect(count()).toBe(250);
  log.append(requestRecord({ decisionId: 'dec_last' }));
  await log.close();
  expect(log.state()).toEqual({ queued: 0, written: 251, dropped: 0, failure: null });
  log.append(requestRecord({ decisionId: 'dec_late' }));
  expect(log.state().dropped).toBe(1);
  const database = openDatabase(file);
  expect(database.prepare('select count(*) from request').pluck().get()).toBe(251);
  database.close();
});

test('an unopenable database stops the start and names the file', async () => {
  const folder = tempFolder();
  const opening = openRequestLog({ file: folder });
  await expect(opening).rejects.toThrow(ConfigError);
  await expect(opening).rejects.toThrow(folder);
});

test('F33: a burst over the bound is dropped and counted, the rest is written', async () => {
  const { log, count } = await openLog();
  for (let i = 0; i < 30_000; i++) {
    log.append(requestRecord({ decisionId: `dec_${i}`, embedding: null, embedderId: null }));
  }
  expect(log.state()).toMatchObject({ queued: 10_000, dropped: 20_000 });
  await log.flush();
  expect(log.state()).toEqual({ queued: 0, written: 10_000, dropped: 20_000, failure: null });
  expect(count()).toBe(10_000);
});

test('a decision that is still queued is known to feedback', async () => {
  const { log } = await openLog({ flushMs: 60_000 });
  log.append(requestRecord());
  expect(await log.recordFeedback(feedback)).toBe(true);
  expect(await log.recordFeedback({ ...feedback, value: 0.25 })).toBe(true);
  expect((await log.evidenceOf('dec_1'))?.feedback).toMatchObject([
    { source: 'user', value: 0.25 },
  ]);
  expect(await log.recordFeedback({ ...feedback, decisionId: 'dec_2' })).toBe(false);
  expect(await log.evidenceOf('dec_2')).toBeNull();
});

test('what is found of a request that is still queued is written after it', async () => {
  const { log, failures } = await openLog({ flushMs: 60_000 });
  log.append(requestRecord());
  log.appendSignal(signal);
  log.appendSignal({ ...signal, value: 1, seenAtMs: signal.seenAtMs + 1 });
  log.appendComparison(comparison());
  log.appendComparison(comparison({ judgeModel: 'other', strongWin: 0 }));
  log.appendSignal({ ...signal, decisionId: 'dec_unknown' });
  await log.flush();
  expect(log.state()).toEqual({ queued: 0, written: 6, dropped: 0, failure: null });
  expect(failures).toEqual([]);
  const { signals, comparisons } = (await log.evidenceOf('dec_1'))!;
  const createdAtUtc = '2025-01-02T03:04:06.000Z';
  expect(signals).toEqual([{ kind: 'empty_answer', value: 0, createdAtUtc }]);
  expect(comparisons).toMatchObject([
    { judgeModel: 'judge', strongWin: 0.75, strongCostNanoUsd: 1200, weakCostNanoUsd: null },
    { judgeModel: 'other', strongWin: 0 },
  ]);
  expect(await log.evidenceOf('dec_unknown')).toBeNull();
});

test('while another process holds the lock rows wait, and are written after it', async () => {
  const { log, other, failures, count } = await openLog({ answerMs: 100 });
  other.exec('begin exclusive');
  log.append(requestRecord());
  await until(() => log.state().failure);
  expect(log.state()).toMatchObject({ queued: 1, written: 0, dropped: 0 });
  expect(log.state().failure).toMatch(/another process holds its lock .*SQLITE_BUSY/);
  await expect(log.recordFeedback(feedback)).rejects.toThrow(LogUnavailableError);
  other.exec('rollback');
  await log.flush();
  expect(log.state()).toEqual({ queued: 0, written: 1, dropped: 0, failure: null });
  expect(count()).toBe(1);
  expect(failures).toEqual([expect.stringMatching(/SQLITE_BUSY/), null]);
});

test('without its table rows are dropped after a while, and the failure clears with the table', async () => {
  const { log, other } = await openLog({ keepMs: 100 });
  const { sql } = other.prepare(`select sql from sqlite_master where name = 'request'`).get() as {
    sql: string;
  };
  other.exec('pragma foreign_keys = off; drop table request');
  log.append(requestRecord());
  await until(() => log.state().dropped === 1);
  expect(log.state().failure).toMatch(/no such table/);
  await expect(log.evidenceOf('dec_1')).rejects.toThrow(/no such table/);
  other.exec(sql);
  await until(() => log.state().failure === null);
  log.append(requestRecord());
  await log.flush();
  expect(log.state()).toMatchObject({ written: 1, dropped: 1 });
});

test('a file that is damaged while it is open fails no request', async () => {
  const { file, log, other } = await openLog({ keepMs: 100 });
  log.append(requestRecord({ decisionId: 'dec_1' }));
  await log.flush();
  other.pragma('wal_checkpoint(TRUNCATE)');
  writeFileSync(file, readFileSync(file).fill(0x5a), { flag: 'r+' });
  log.append(requestRecord({ decisionId: 'dec_2' }));
  await until(() => log.state().dropped === 1);
  expect(log.state().failure).toMatch(/damaged/);
});

test('a log that is deleted while the server runs is begun anew', async () => {
  const { file, log, other } = await openLog();
  log.append(requestRecord());
  await log.flush();
  other.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  log.append(requestRecord({ decisionId: 'dec_2' }));
  await log.flush();
  const database = openDatabase(file, { mustExist: true });
  expect(database.prepare('select decision_id from request').pluck().all()).toEqual(['dec_2']);
  database.close();
});

test('a writer that dies is replaced, and no row is lost', async () => {
  const { log, threads, failures, count } = await openLog();
  const listener = vi.fn();
  log.onThresholdApplied(listener);
  log.append(requestRecord({ decisionId: 'dec_1' }));
  await log.flush();
  log.append(requestRecord({ decisionId: 'dec_2' }));
  const flushed = log.flush();
  const asked = log.appliedThreshold('mf', 'mf-v1').catch((error: unknown) => error);
  await threads[0]!.terminate();
  log.append(requestRecord({ decisionId: 'dec_3' }));
  await Promise.all([flushed, log.flush()]);
  await asked;
  expect(threads).toHaveLength(2);
  expect(log.state()).toMatchObject({ queued: 0, dropped: 0, failure: null });
  expect(count()).toBe(3);
  expect(failures.at(-1)).toBeNull();
});

test('closing while the database is locked ends in bounded time and counts what is lost', async () => {
  const { log, other, failures } = await openLog({ closeMs: 100 });
  other.exec('begin exclusive');
  log.append(requestRecord());
  await log.close();
  expect(log.state()).toMatchObject({ queued: 0, written: 0, dropped: 1 });
  expect(failures.at(-1)).toMatch(/^1 row was not written before the end, and lost \(.+\)$/);
});

const applied = {
  router: 'mf',
  routerVersion: 'mf-v1',
  threshold: 0.11593,
  strongShare: 0.5,
  prompts: 1234,
  goal: 'strong_share',
  scoreDeciles: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
};

/** For a busy machine; the command itself waits 2 s. */
const patient = { waitMs: 10_000, pollMs: 10 };

test('a threshold that another connection applies reaches the running server', async () => {
  const { file, log } = await openLog();
  const seen: AppliedThreshold[] = [];
  log.onThresholdApplied((threshold) => void seen.push(threshold));
  expect(await applyThreshold(file, applied, patient)).toBe(true);
  expect(seen).toEqual([{ ...applied, appliedAtUtc: expect.stringMatching(/Z$/) as string }]);
  expect(await applyThreshold(file, { ...applied, threshold: 0.2 }, patient)).toBe(true);
  expect(seen.map(({ threshold }) => threshold)).toEqual([0.11593, 0.2]);
  expect(await log.appliedThreshold('mf', 'mf-v1')).toEqual(seen[1]);
  expect(await log.appliedThreshold('mf', 'mf-v2')).toBeNull();
});

test.each(['oops', '[1,2]', '[9,8,7,6,5,4,3,2,1,0,0]', null])(
  'a threshold whose deciles are %j still holds, without them',
  async (json) => {
    const { file, log, other } = await openLog();
    await applyThreshold(file, applied, { waitMs: 0, pollMs: 10 });
    other.prepare('update applied_threshold set score_deciles = ?').run(json);
    const found = await log.appliedThreshold('mf', 'mf-v1');
    expect(found).toMatchObject({ threshold: 0.11593, scoreDeciles: null });
  },
);

test('a threshold applied before anyone listens is delivered to the first listener', async () => {
  const { file, log } = await openLog();
  const wait = { waitMs: 0, pollMs: 10 };
  expect(await applyThreshold(file, applied, wait)).toBe(false);
  const seen: number[] = [];
  log.onThresholdApplied(({ threshold }) => void seen.push(threshold));
  await until(() => seen.length > 0);
  expect(seen).toEqual([0.11593]);
});

test('a threshold that no listener uses is not marked as taken up', async () => {
  const { file, log } = await openLog();
  const listener = vi.fn(() => false);
  log.onThresholdApplied(listener);
  expect(await applyThreshold(file, applied, { waitMs: 300, pollMs: 10 })).toBe(false);
  expect(listener).toHaveBeenCalledTimes(1);
});

test('thresholds of earlier runs are not delivered again', async () => {
  const { file, log } = await openLog();
  await applyThreshold(file, applied, { waitMs: 0, pollMs: 10 });
  await log.close();
  const next = await openLog({ file });
  const seen: number[] = [];
  next.log.onThresholdApplied(({ threshold }) => void seen.push(threshold));
  expect(await applyThreshold(file, { ...applied, threshold: 0.3 }, patient)).toBe(true);
  expect(seen).toEqual([0.3]);
  expect(await next.log.appliedThreshold('mf', 'mf-v1')).toMatchObject({ threshold: 0.3 });
});
