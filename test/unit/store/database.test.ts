import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('creates the folder and a file that only its owner reads, in WAL mode', () => {
  const file = join(tempFolder(), 'data', 'log.db');
  const database = openDatabase(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  expect(database.pragma('synchronous', { simple: true })).toBe(1);
  expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
  expect(database.pragma('busy_timeout', { simple: true })).toBe(50);
  database.close();
});

test('makes one folder, not a path that was mistyped', () => {
  const folder = tempFolder();
  expect(() => openDatabase(join(folder, 'deep', 'er', 'log.db'))).toThrow(ConfigError);
  expect(() => openDatabase(join(folder, 'deep', 'er', 'log.db'))).toThrow(
    /there is no folder .*deep\. Make it, or .*--db FILE/,
  );
  expect(readdirSync(folder)).toEqual([]);
});

test('names the file and the fix when it is not a database', () => {
  const file = join(tempFolder(), 'notes.txt');
  writeFileSync(file, 'these are notes and no pages of a database\n'.repeat(200));
  expect(() => openDatabase(file)).toThrow(ConfigError);
  expect(() => openDatabase(file)).toThrow(
    /notes\.txt: the file is not a SQLite database.*SQLITE_NOTADB.*--db FILE/,
  );
});

test('says so when the path cannot hold a file', () => {
  const folder = tempFolder();
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'folder'));
  expect(() => openDatabase(join(folder, 'file', 'log.db'))).toThrow(ConfigError);
  expect(() => openDatabase(join(folder, 'folder'))).toThrow(ConfigError);
  expect(() => openDatabase('/proc/pointsman.db')).toThrow(ConfigError);
});

test('a command on an existing log creates none', () => {
  const file = join(tempFolder(), 'log.db');
  expect(() => openDatabase(file, { mustExist: true })).toThrow(/no log database at .*log\.db/);
  expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
});

test('a file that is up to date opens while another process writes', () => {
  const file = join(tempFolder(), 'log.db');
  openDatabase(file).close();
  const other = new SqliteDatabase(file);
  other.exec('begin immediate');
  const database = openDatabase(file);
  expect(database.prepare('select count(*) as n from request').get()).toEqual({ n: 0 });
  database.close();
  other.close();
});
