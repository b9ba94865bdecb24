import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { forget } from '../../../src/store/forget.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { openRequestLog } from '../../../src/store/request-log.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const nothing = { decisionIds: [], sessionHashes: [], beforeUtc: null };

function logOf(rows: readonly Partial<RequestRecord>[]) {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  onTestFinished(() => {
    if (database.open) database.close();
  });
  const writer = createLogWriter(database);
  writer.write(packRows(rows.map((fields) => requestRecord(fields))));
  for (const { decisionId = '' } of rows) {
    writer.recordFeedback({ decisionId, source: 'user', value: 1, comment: `of ${decisionId}` });
  }
  return { file, database };
}

const left = (database: ReturnType<typeof openDatabase>, table: string) =>
  database.prepare(`select decision_id from ${table} order by 1`).pluck().all();

test('requests go by id, session and age, with all that hangs on them', () => {
  const day = (date: number) => Date.UTC(2025, 0, date);
  const { file, database } = logOf([
    { decisionId: 'a', startedAtMs: day(1) },
    { decisionId: 'b', startedAtMs: day(2), sessionHash: 'chat-1' },
    { decisionId: 'c', startedAtMs: day(3), sessionHash: 'chat-1' },
    { decisionId: 'd', startedAtMs: day(4), sessionHash: 'chat-2' },
    { decisionId: 'e', startedAtMs: day(5) },
  ]);
  const byId = forget(file, { ...nothing, decisionIds: ['e', 'unknown'] });
  expect(byId).toMatchObject({ requests: 1, unknownIds: ['unknown'] });
  expect(forget(file, { ...nothing, sessionHashes: ['chat-1'] }).requests).toBe(2);
  expect(left(database, 'request')).toEqual(['a', 'd']);
  expect(left(database, 'feedback')).toEqual(['a', 'd']);
  expect(left(database, 'request_embedding')).toEqual(['a', 'd']);
  expect(forget(file, { ...nothing, beforeUtc: '2025-01-04T00:00:00.000Z' }).requests).toBe(1);
  expect(left(database, 'request')).toEqual(['d']);
});

test('a session that no request has is told, not one whose requests go by their ids too', () => {
  const { file } = logOf([{ decisionId: 'a', sessionHash: 'chat-1' }]);
  const what = { ...nothing, decisionIds: ['a'], sessionHashes: ['chat-1', 'chat-9'] };
  expect(forget(file, what)).toMatchObject({
    ...{ requests: 1, unknownIds: [], unknownHashes: ['chat-9'] },
  });
});

test('no byte of a forgotten prompt stays in the files', () => {
  const canary = 'canary-7f3a9c';
  const rows = Array.from({ length: 40 }, (_, i) => ({
    decisionId: `dec_${i}`,
    promptText: `${canary} ${'x'.repeat(5000)}`,
  }));
  const { file, database } = logOf(rows);
  database.close();
  const holds = (name: string) =>
    (statSync(name, { throwIfNoEntry: false })?.size ?? 0) > 0 &&
    readFileSync(name).includes(canary);
  expect(holds(file)).toBe(true);
  const gone = forget(file, { ...nothing, decisionIds: rows.map(({ decisionId }) => decisionId) });
  expect(gone).toEqual({ requests: 40, unknownIds: [], unknownHashes: [], isOverwritten: true });
  expect(holds(file)).toBe(false);
  expect(holds(`${file}-wal`)).toBe(false);
});

test('a log that is not there is not made', () => {
  const file = join(tempFolder(), 'none.db');
  expect(() => forget(file, nothing)).toThrow(ConfigError);
});

test('a server that keeps some days deletes what is older, and writes on meanwhile', async () => {
  const now = Date.now();
  const old = Array.from({ length: 1200 }, (_, i) => ({
    decisionId: `old_${i}`,
    startedAtMs: now - 31 * 86_400_000 - i,
  }));
  const { file, database } = logOf([...old, { decisionId: 'young', startedAtMs: now }]);
  const log = await openRequestLog({ file });
  onTestFinished(() => log.close());
  log.keep(30);
  log.append(requestRecord({ decisionId: 'new', startedAtMs: now }));
  await log.flush();
  await expect.poll(() => left(database, 'request')).toEqual(['new', 'young']);
  log.keep(null);
  log.append(requestRecord({ decisionId: 'older', startedAtMs: now - 90 * 86_400_000 }));
  await log.flush();
  expect(left(database, 'request')).toEqual(['new', 'older', 'young']);
});
