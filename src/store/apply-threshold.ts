import type { Database } from 'better-sqlite3';
import { inDatabase } from './in-database.ts';
import type { AppliedThreshold } from './request-record.ts';
import { insertThresholdSql, thresholdRow, type ThresholdFields } from './threshold-row.ts';
import { untilTakenUp, type TakeUpWait } from './until-taken-up.ts';

/**
 * Stores a threshold for a router version, for the next start and for a server that runs on this
 * database now. True when such a server said within the wait that it uses it.
 *
 * @throws ConfigError when the database cannot be opened or stays locked
 */
export async function applyThreshold(
  file: string,
  applied: Omit<AppliedThreshold, 'appliedAtUtc'>,
  wait?: TakeUpWait,
): Promise<boolean> {
  return inDatabase(file, 'store the threshold', (database) => {
    const isTakenUp = database.prepare<[number | bigint]>(
      'select 1 from applied_threshold where id = ? and taken_up_at_utc is not null',
    );
    return untilTakenUp(isTakenUp, insertThreshold(database, applied), wait);
  });
}

/** @returns the row's id */
export function insertThreshold(
  database: Database,
  applied: Omit<AppliedThreshold, 'appliedAtUtc'>,
): number | bigint {
  const insert = database.prepare<ThresholdFields>(insertThresholdSql);
  return insert.run(thresholdRow(applied)).lastInsertRowid;
}
