import { SqliteDatabase } from './sqlite.ts';

/** What an operator can do about each result code; matched by its beginning, as codes have suffixes. */
const explanations: readonly (readonly [code: string, text: string])[] = [
  ['SQLITE_BUSY', 'another process holds its lock'],
  ['SQLITE_LOCKED', 'another process holds its lock'],
  ['SQLITE_FULL', 'the disk is full'],
  ['SQLITE_READONLY', 'the file or its folder is read-only'],
  ['SQLITE_PERM', 'the file or its folder is not accessible to this user'],
  ['SQLITE_CANTOPEN', 'the file cannot be opened; check the path and its permissions'],
  ['SQLITE_NOTADB', 'the file is not a SQLite database, or is damaged'],
  ['SQLITE_CORRUPT', 'the file is damaged; move it away and restore a copy'],
  ['SQLITE_IOERR', 'the disk reports an error'],
];

/** One clause for logs and messages: what is wrong, then SQLite's own words. */
export function describeSqliteError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!(error instanceof SqliteDatabase.SqliteError)) return error.message;
  const known = explanations.find(([code]) => error.code.startsWith(code));
  const own = `${error.message}, ${error.code}`;
  return known === undefined ? own : `${known[1]} (${own})`;
}

/** True where the row itself is at fault, so that trying it again cannot help. */
export function isRowFault(error: unknown): boolean {
  if (error instanceof SqliteDatabase.SqliteError) {
    return error.code.startsWith('SQLITE_CONSTRAINT') || error.code === 'SQLITE_TOOBIG';
  }
  return error instanceof TypeError || error instanceof RangeError;
}
