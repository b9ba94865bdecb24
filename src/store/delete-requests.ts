import type { Database } from 'better-sqlite3';

/** Rows that one transaction deletes: it holds the lock for some milliseconds only. */
const batchRows = 500;

/**
 * Deletes a batch of the requests that arrived before `beforeUtc`, oldest first, with all that hangs
 * on them: vectors, feedback, signals, comparisons.
 *
 * @returns how many; fewer than a full batch means that none is left
 */
export function deleteOldRequests(database: Database, beforeUtc: string): DeletedBatch {
  const { changes } = database
    .prepare<[string, number]>(
      `delete from request where decision_id in (
         select decision_id from request where started_at_utc < ? order by started_at_utc limit ?)`,
    )
    .run(beforeUtc, batchRows);
  return { deleted: changes, isLast: changes < batchRows };
}

export interface DeletedBatch {
  readonly deleted: number;
  readonly isLast: boolean;
}

/**
 * What was deleted is overwritten in the file (`secure_delete`), but the write-ahead log keeps the
 * pages of before until it is folded into the file and cut.
 *
 * @returns false when a reader holds it up; the next checkpoint does it
 */
export function foldWriteAheadLog(database: Database): boolean {
  const [state] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  return state?.busy === 0;
}
