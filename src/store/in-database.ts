import type { Database } from 'better-sqlite3';
import { ConfigError } from '../errors.ts';
import { openDatabase } from './database.ts';
import { describeSqliteError } from './sqlite-error.ts';

/**
 * Opens the database for one piece of a command's work.
 * @param what the work in a few words, for "Cannot … in log.db"
 * @throws ConfigError when the database cannot be opened or stays locked
 */
export async function inDatabase<Result>(
  file: string,
  what: string,
  work: (database: Database) => Result | Promise<Result>,
  mustExist = false,
): Promise<Result> {
  const database = openDatabase(file, { busyTimeoutMs: 2_000, mustExist });
  try {
    return await work(database);
  } catch (cause) {
    throw new ConfigError(
      `Cannot ${what} in ${file}: ${describeSqliteError(cause)}. Try again later.`,
      { cause },
    );
  } finally {
    database.close();
  }
}
