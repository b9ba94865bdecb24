import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import { ConfigError } from '../errors.ts';
import { migrate } from './migrations.ts';
import { describeSqliteError } from './sqlite-error.ts';
import { SqliteDatabase } from './sqlite.ts';

export interface OpenDatabaseOptions {
  /** How long a statement waits for another process's lock; it blocks the thread meanwhile. */
  readonly busyTimeoutMs?: number;
  /** Refuse to create the file: for commands that only make sense on an existing log. */
  readonly mustExist?: boolean;
}

/** Opening may wait longer than a write: another process may be migrating the same file. */
const openTimeoutMs = 2_000;
/** A vector of 512 floats takes 2 KB and a little: 3 fit into a page of 8 KB, 1 into one of 4 KB. */
const pageBytes = 8192;
/** A burst may grow the write-ahead log; it is cut back to this after the next checkpoint. */
const walBytesKept = 64 * 1024 * 1024;

/**
 * Opens the database, creating the file and its folder where needed, and brings the schema up to date:
 * a new and an old file are the same to the caller.
 *
 * @throws ConfigError naming the file and what to do
 */
export function openDatabase(file: string, options: OpenDatabaseOptions = {}): Database {
  const path = resolve(file);
  let database: Database | null = null;
  try {
    if (options.mustExist === true) assertExists(path);
    else createPrivateFile(path);
    database = new SqliteDatabase(path, { fileMustExist: true, timeout: openTimeoutMs });
    database.pragma(`page_size = ${pageBytes}`); // counts for a new file only
    database.pragma('journal_mode = WAL');
    // After a crash of the machine the last transactions may be missing; the file stays whole.
    database.pragma('synchronous = NORMAL');
    database.pragma(`journal_size_limit = ${walBytesKept}`);
    database.pragma('foreign_keys = ON');
    // What is deleted is overwritten, not only unlinked: it may be somebody's prompt.
    database.pragma('secure_delete = ON');
    migrate(database);
    database.pragma(`busy_timeout = ${options.busyTimeoutMs ?? 50}`);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(
      `Cannot open the log database ${path}: ${describeSqliteError(cause)}. ` +
        'Repair that, or name another file with --db FILE.',
      { cause },
    );
  }
}

function assertExists(path: string): void {
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  throw new ConfigError(
    `There is no log database at ${path}. Start "pointsman serve" and send it some requests, ` +
      'or name the right file with --db FILE.',
  );
}

/** The log may hold prompts: a new file is for its owner only. SQLite gives -wal and -shm the same mode. */
function createPrivateFile(path: string): void {
  const folder = dirname(path);
  // A folder of its own is made for the log; a longer path that is not there was mistyped.
  if (!existsSync(dirname(folder))) {
    throw new ConfigError(
      `Cannot create the log database ${path}: there is no folder ${dirname(folder)}. ` +
        'Make it, or name another file with --db FILE.',
    );
  }
  mkdirSync(folder, { recursive: true });
  closeSync(openSync(path, 'a', 0o600));
}
