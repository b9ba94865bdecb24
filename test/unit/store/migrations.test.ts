import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { migrate, migrations } from '../../../src/store/migrations.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const names = (database: Database) =>
  database.prepare('select name from migration order by name').pluck().all();

/** A file as the first version left it: requests, and neither feedback nor thresholds. */
function olderFile(): string {
  const file = join(tempFolder(), 'old.db');
  const database = new SqliteDatabase(file);
  migrate(database, migrations.slice(0, 1));
  database.exec(`
    insert into request (decision_id, request_id, started_at_utc, endpoint, tier, reason,
      requested_model, upstream_model, upstream_url, status, is_stream, outcome,
      is_usage_estimated, attempts, fallbacks, duration_ms, decision_ms)
    values ('dec_old', 'req_old', '2025-01-02T03:04:05.678Z', 'chat/completions', 'weak', 'bypass',
      'weak', 'llama3', 'http://127.0.0.1:11434/v1', 200, 0, 'done', 0, 1, 0, 12.5, 0.5)`);
  database.close();
  return file;
}

test('an older file is brought up to date and keeps its rows', () => {
  const database = openDatabase(olderFile());
  expect(names(database)).toEqual(migrations.map(({ name }) => name));
  const writer = createLogWriter(database);
  const feedback = { decisionId: 'dec_old', source: 'user', value: 1, comment: null };
  expect(writer.recordFeedback(feedback)).toBe(true);
  database.close();
});

test('each step is recorded once, with its time', () => {
  const file = join(tempFolder(), 'log.db');
  openDatabase(file).close();
  const database = openDatabase(file);
  expect(names(database)).toHaveLength(migrations.length);
  const times = database.prepare('select applied_at_utc from migration').pluck().all();
  for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  database.close();
});

test('a step that fails leaves neither its tables nor its record', () => {
  const file = olderFile();
  const other = new SqliteDatabase(file);
  // The third step makes the table, then an index of this name: its second statement fails.
  other.exec('create view applied_threshold_latest as select 1');
  expect(() => openDatabase(file)).toThrow(/applied_threshold_latest/);
  expect(names(other)).toEqual(['0001-request', '0002-feedback']);
  const table = other.prepare(`select 1 from sqlite_master where name = 'applied_threshold'`);
  expect(table.get()).toBeUndefined();
  other.close();
});
