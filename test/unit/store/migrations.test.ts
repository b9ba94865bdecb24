import { join } from 'node:path';
import SqliteDatabase, { type Database } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const names = (database: Database) =>
  database.prepare('select name from migration order by name').pluck().all();

/** A file as the first version left it: requests, and neither feedback nor thresholds. */
function olderFile(): string {
  const file = join(tempFolder(), 'old.db');
  const database = openDatabase(file);
  createLogWriter(database).write(packRows([requestRecord({ decisionId: 'dec_old' })]));
  database.exec(`
    drop table feedback;
    drop table applied_threshold;
    delete from migration where name <> '0001-request';`);
  database.close();
  return file;
}

test('an older file is brought up to date and keeps its rows', () => {
  const database = openDatabase(olderFile());
  expect(names(database)).toEqual(['0001-request', '0002-feedback', '0003-applied-threshold']);
  const writer = createLogWriter(database);
  const feedback = { decisionId: 'dec_old', source: 'user', value: 1, comment: null };
  expect(writer.recordFeedback(feedback)).toBe(true);
  database.close();
});

test('each step is recorded once, with its time', () => {
  const file = join(tempFolder(), 'log.db');
  openDatabase(file).close();
  const database = openDatabase(file);
  expect(names(database)).toHaveLength(3);
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
