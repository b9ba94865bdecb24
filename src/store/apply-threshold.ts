import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { ConfigError } from '../errors.ts';
import { openDatabase } from './database.ts';
import type { AppliedThreshold } from './request-record.ts';
import { insertThresholdSql, thresholdRow, type ThresholdFields } from './threshold-row.ts';
import { describeSqliteError } from './sqlite-error.ts';

export interface TakeUpWait {
  /** How long a running server may take. */
  readonly waitMs: number;
  readonly pollMs: number;
}

/**
 * Stores a threshold for a router version, for the next start and for a server that runs on this
 * database now. True when such a server said within the wait that it uses it.
 *
 * @throws ConfigError when the database cannot be opened or stays locked
 */
export async function applyThreshold(
  file: string,
  applied: Omit<AppliedThreshold, 'appliedAtUtc'>,
  { waitMs, pollMs }: TakeUpWait = { waitMs: 2_000, pollMs: 25 },
): Promise<boolean> {
  const database = openDatabase(file, { busyTimeoutMs: 2_000 });
  try {
    const isTakenUp = database.prepare<[number | bigint], number>(
      'select 1 from applied_threshold where id = ? and taken_up_at_utc is not null',
    );
    const id = insertThreshold(database, applied);
    const lastLook = performance.now() + waitMs;
    while (isTakenUp.get(id) === undefined) {
      if (performance.now() >= lastLook) return false;
      await sleep(pollMs);
    }
    return true;
  } catch (cause) {
    throw new ConfigError(
      `Cannot store the threshold in ${file}: ${describeSqliteError(cause)}. Try again later.`,
      { cause },
    );
  } finally {
    database.close();
  }
}

/** @returns the row's id */
export function insertThreshold(
  database: Database,
  applied: Omit<AppliedThreshold, 'appliedAtUtc'>,
): number | bigint {
  const insert = database.prepare<ThresholdFields>(insertThresholdSql);
  return insert.run(thresholdRow(applied)).lastInsertRowid;
}
