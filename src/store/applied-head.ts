import type { Database } from 'better-sqlite3';

/** A row of `applied_head`. */
export interface AppliedHead {
  readonly id: number;
  readonly router: string;
  /** The router version that it corrects, and the one with it. */
  readonly baseVersion: string;
  readonly headVersion: string;
  /** A safetensors file (routing/local-head.ts). */
  readonly weights: Uint8Array;
  readonly reportJson: string;
  readonly appliedAtUtc: string;
  readonly takenUpAtUtc: string | null;
  /** When `models rollback` took it back; null: never. */
  readonly withdrawnAtUtc: string | null;
}

/** What the server needs of the head in force. */
export type ActiveHead = Pick<AppliedHead, 'id' | 'headVersion' | 'weights'>;

/** What the server asks of `applied_head`. */
export interface HeadStatements {
  readonly active: (router: string, baseVersion: string) => ActiveHead | null;
  /** Changes whenever a head is applied or withdrawn. */
  readonly state: () => string;
  /** Marks the head, and the threshold that was stored with it. */
  readonly markTakenUp: (id: number) => void;
}

export const headFields = `id, router, base_version as baseVersion, head_version as headVersion,
  weights, report_json as reportJson, applied_at_utc as appliedAtUtc,
  taken_up_at_utc as takenUpAtUtc, withdrawn_at_utc as withdrawnAtUtc`;

export function prepareHeadStatements(database: Database): HeadStatements {
  const active = database.prepare<[string, string], ActiveHead>(
    `select id, head_version as headVersion, weights from applied_head
     where router = ? and base_version = ? and withdrawn_at_utc is null order by id desc limit 1`,
  );
  const state = database
    .prepare<[], string>(
      `select coalesce(max(id), 0) || '/' || count(withdrawn_at_utc) from applied_head`,
    )
    .pluck();
  const markHead = database.prepare<[string, number]>(
    'update applied_head set taken_up_at_utc = ? where id = ? and taken_up_at_utc is null',
  );
  const markThreshold = database.prepare<[string, number]>(
    `update applied_threshold set taken_up_at_utc = ? where taken_up_at_utc is null
       and router_version = (select head_version from applied_head where id = ?)`,
  );
  return {
    active: (router, baseVersion) => active.get(router, baseVersion) ?? null,
    state: () => state.get() ?? '',
    markTakenUp(id) {
      const nowUtc = new Date().toISOString();
      markHead.run(nowUtc, id);
      markThreshold.run(nowUtc, id);
    },
  };
}
