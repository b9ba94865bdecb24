import { openDatabase } from './database.ts';
import { isOfOwnPair } from './own-pair.ts';

/** A request that a cascade asked the weak model first, with what is known of how it turned out. */
export interface CascadeRecord {
  readonly decisionId: string;
  readonly score: number;
  readonly confidence: number | null;
  readonly isEscalated: boolean;
  readonly isStream: boolean;
  readonly isOver: boolean;
  readonly ttftMs: number | null;
  readonly discardedCostNanoUsd: number | null;
  readonly explicit: number | null;
  readonly strongWin: number | null;
  readonly isAskedAgain: boolean;
  readonly hasSignal: boolean;
  /** Session, else prompt, else null. */
  readonly cluster: string | null;
}

export interface StraightRecord {
  readonly isStream: boolean;
  readonly ttftMs: number;
}

export interface CascadeRecords {
  readonly cascaded: CascadeRecord[];
  /** Answers of the strong model to requests that the score sent there. */
  readonly straight: StraightRecord[];
}

/**
 * The newest of one router version, newest first.
 * @throws ConfigError when there is no log, or it cannot be read
 */
export function readCascadeRecords(
  file: string,
  router: string,
  routerVersion: string,
  newest = 100_000,
): CascadeRecords {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  try {
    database.pragma('query_only = ON');
    const key = { router, routerVersion, newest };
    return {
      cascaded: database.prepare<[typeof key], CascadeFields>(cascaded).all(key).map(toRecord),
      straight: database
        .prepare<[typeof key], { isStream: number; ttftMs: number }>(straight)
        .all(key)
        .map(({ isStream, ttftMs }) => ({ isStream: isStream === 1, ttftMs })),
    };
  } finally {
    database.close();
  }
}

type Flag = 'isEscalated' | 'isStream' | 'isOver' | 'isAskedAgain' | 'hasSignal';
type CascadeFields = Omit<CascadeRecord, Flag> & Record<Flag, number>;

// A weak answer that a judge compared beside live traffic is the one of the confidence, if it was kept.
const cascaded = `
  with asked as (
    select * from request
    where router = @router and router_version = @routerVersion and score is not null
      and (confidence is not null or reason = 'cascade')
    order by started_at_utc desc limit @newest
  )
  select r.decision_id as decisionId, r.score, r.confidence, r.reason = 'cascade' as isEscalated,
    r.is_stream as isStream, r.outcome <> 'client_abort' as isOver, r.ttft_ms as ttftMs,
    r.discarded_cost_nano_usd as discardedCostNanoUsd,
    (select avg(value) from feedback f where f.decision_id = r.decision_id) as explicit,
    (select avg(strong_win) from comparison c
      where c.decision_id = r.decision_id and ${isOfOwnPair}) as strongWin,
    r.reason = 'cascade' or not exists
      (select 1 from comparison c where c.decision_id = r.decision_id and c.origin = 'shadow')
      as isAskedAgain,
    exists (select 1 from signal s where s.decision_id = r.decision_id) as hasSignal,
    coalesce(r.session_hash, r.prompt_sha256) as cluster
  from asked r
  order by r.started_at_utc desc, r.decision_id`;

const straight = `
  select is_stream as isStream, ttft_ms as ttftMs from request
  where router = @router and router_version = @routerVersion and score is not null
    and tier = 'strong' and reason = 'score' and fallbacks = 0 and ttft_ms is not null
  order by started_at_utc desc limit @newest`;

function toRecord(fields: CascadeFields): CascadeRecord {
  return {
    ...fields,
    isEscalated: fields.isEscalated === 1,
    isStream: fields.isStream === 1,
    isOver: fields.isOver === 1,
    isAskedAgain: fields.isAskedAgain === 1,
    hasSignal: fields.hasSignal === 1,
  };
}
