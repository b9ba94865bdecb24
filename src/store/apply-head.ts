import { headFields, type AppliedHead } from './applied-head.ts';
import { insertThreshold } from './apply-threshold.ts';
import { inDatabase } from './in-database.ts';
import type { AppliedThreshold } from './request-record.ts';
import { untilTakenUp, type TakeUpWait } from './until-taken-up.ts';

export type NewHead = Pick<
  AppliedHead,
  'router' | 'baseVersion' | 'headVersion' | 'weights' | 'reportJson'
>;

/**
 * Stores a head and the threshold for its scores in one transaction, for the next start and for a
 * server that runs on this database now. True when such a server said within the wait that it uses it.
 *
 * @throws ConfigError when the database cannot be opened or stays locked
 */
export async function applyHead(
  file: string,
  head: NewHead,
  threshold: Omit<AppliedThreshold, 'appliedAtUtc'>,
  wait?: TakeUpWait,
): Promise<boolean> {
  return inDatabase(file, 'store the head', (database) => {
    const insert = database.prepare<NewHead & { appliedAtUtc: string }>(
      `insert into applied_head
         (router, base_version, head_version, weights, report_json, applied_at_utc)
       values (@router, @baseVersion, @headVersion, @weights, @reportJson, @appliedAtUtc)`,
    );
    const store = database.transaction(() => {
      insertThreshold(database, threshold);
      const weights = Buffer.from(head.weights);
      return insert.run({ ...head, weights, appliedAtUtc: new Date().toISOString() });
    });
    const { lastInsertRowid } = store.immediate();
    const isTakenUp = database.prepare<[number | bigint]>(
      'select 1 from applied_head where id = ? and taken_up_at_utc is not null',
    );
    return untilTakenUp(isTakenUp, lastInsertRowid, wait);
  });
}

/**
 * Takes back the newest head that is in force, of one router or of any. Null when there is none.
 * @throws ConfigError when there is no log, or it stays locked
 */
export function withdrawHead(
  file: string,
  router: string | null,
): Promise<{ readonly withdrawn: AppliedHead; readonly present: AppliedHead | null } | null> {
  return inDatabase(
    file,
    'withdraw the head',
    (database) => {
      const newest = database.prepare<[{ router: string | null }], AppliedHead>(
        `select ${headFields} from applied_head
         where withdrawn_at_utc is null and router = coalesce(@router, router)
         order by id desc limit 1`,
      );
      const before = database.prepare<[AppliedHead], AppliedHead>(
        `select ${headFields} from applied_head
         where withdrawn_at_utc is null and router = @router and base_version = @baseVersion
         order by id desc limit 1`,
      );
      const withdraw = database.prepare<[string, number]>(
        'update applied_head set withdrawn_at_utc = ? where id = ?',
      );
      const change = database.transaction(() => {
        const withdrawn = newest.get({ router });
        if (withdrawn === undefined) return null;
        withdraw.run(new Date().toISOString(), withdrawn.id);
        return { withdrawn, present: before.get(withdrawn) ?? null };
      });
      return change.immediate();
    },
    true,
  );
}
