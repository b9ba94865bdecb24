import { ConfigError } from '../errors.ts';
import { openDatabase } from './database.ts';
import { deleteOldRequests, foldWriteAheadLog } from './delete-requests.ts';
import { describeSqliteError } from './sqlite-error.ts';

export interface ToForget {
  readonly decisionIds: readonly string[];
  /** As stored in `request.session_hash`. */
  readonly sessionHashes: readonly string[];
  /** ISO 8601, UTC: requests that arrived before. Null: none. */
  readonly beforeUtc: string | null;
}

export interface Forgotten {
  readonly requests: number;
  /** The given ids that no request has. */
  readonly unknownIds: readonly string[];
  /** The given session hashes that no request had. */
  readonly unknownHashes: readonly string[];
  /** False when a reader kept the write-ahead log from being cut just now. */
  readonly isOverwritten: boolean;
}

/**
 * Deletes requests with their texts, vectors, feedback, signals and comparisons, and overwrites
 * their place in the file. Works beside a running server.
 *
 * @throws ConfigError when there is no log, or it stays locked
 */
export function forget(file: string, what: ToForget): Forgotten {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 5_000 });
  try {
    const byId = database.prepare<[string]>('delete from request where decision_id = ?');
    const bySession = database.prepare<[string]>('delete from request where session_hash = ?');
    const ofSession = database.prepare<[string]>('select 1 from request where session_hash = ?');
    const deleteNamed = database.transaction(() => {
      // Looked up first: a request may be named by its id as well.
      const unknownHashes = what.sessionHashes.filter((hash) => ofSession.get(hash) === undefined);
      const unknownIds = what.decisionIds.filter((id) => byId.run(id).changes === 0);
      let requests = what.decisionIds.length - unknownIds.length;
      for (const hash of what.sessionHashes) requests += bySession.run(hash).changes;
      return { requests, unknownIds, unknownHashes };
    });
    const { requests, ...unknown } = deleteNamed.immediate();
    let old = 0;
    if (what.beforeUtc !== null) {
      for (let isLast = false; !isLast;) {
        const batch = deleteOldRequests(database, what.beforeUtc);
        old += batch.deleted;
        isLast = batch.isLast;
      }
    }
    return { requests: requests + old, ...unknown, isOverwritten: foldWriteAheadLog(database) };
  } catch (cause) {
    throw new ConfigError(
      `Cannot delete from ${file}: ${describeSqliteError(cause)}. Try again later.`,
      { cause },
    );
  } finally {
    database.close();
  }
}
