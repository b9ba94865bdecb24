import { openDatabase } from './database.ts';
import { isOfOwnPair } from './own-pair.ts';

/**
 * SQL: whether the threshold decided a scored request. It has no say after a guard or a rule, or in a
 * conversation that was sent up. What a cascade escalated, the score had sent to weak.
 */
export const isDecidedByThreshold = `reason in ('score', 'exploration', 'cascade')`;

/** A scored request that its threshold decided, with what is known of how it turned out. */
export interface CalibrationRecord {
  readonly decisionId: string;
  readonly score: number;
  readonly tier: 'strong' | 'weak';
  readonly fellBack: boolean;
  readonly propensity: number | null;
  readonly promptChars: number | null;
  readonly promptTokens: number | null;
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
  readonly costNanoUsd: number | null;
  readonly explicit: number | null;
  readonly strongWin: number | null;
  /** Mean costs of both answers of its comparisons. */
  readonly comparedCostNanoUsd: { readonly strong: number; readonly weak: number } | null;
  /** Session, else prompt, else null: its outcomes are not independent of those of the same name. */
  readonly cluster: string | null;
}

/**
 * The newest requests of one router version that a threshold decided, newest first. The strong answer
 * of a cascade is to a weak decision what a fallback is: another one than was decided.
 * @throws ConfigError when there is no log, or it cannot be read
 */
export function readCalibrationRows(
  file: string,
  router: string,
  routerVersion: string,
  newest = 100_000,
): CalibrationRecord[] {
  const database = openDatabase(file, { mustExist: true, busyTimeoutMs: 2_000 });
  try {
    database.pragma('query_only = ON');
    return database
      .prepare<[string, string, number], CalibrationFields>(query)
      .all(router, routerVersion, newest)
      .map(toRecord);
  } finally {
    database.close();
  }
}

type CalibrationFields = Omit<CalibrationRecord, 'fellBack' | 'comparedCostNanoUsd'> & {
  readonly fallbacks: number;
  readonly strongCost: number | null;
  readonly weakCost: number | null;
};

const query = `
  with asked as (
    select * from request
    where router = ? and router_version = ? and score is not null and tier in ('strong', 'weak')
      and ${isDecidedByThreshold}
    order by started_at_utc desc limit ?
  )
  select r.decision_id as decisionId, r.score, iif(r.reason = 'cascade', 'weak', r.tier) as tier,
    r.fallbacks + (r.reason = 'cascade') as fallbacks, r.propensity,
    r.prompt_chars as promptChars, r.prompt_tokens as promptTokens,
    r.cached_tokens as cachedTokens, r.completion_tokens as completionTokens, r.cost_nano_usd as costNanoUsd,
    (select avg(value) from feedback f where f.decision_id = r.decision_id) as explicit,
    c.strongWin, c.strongCost, c.weakCost,
    coalesce(r.session_hash, r.prompt_sha256) as cluster
  from asked r
  left join (
    select c.decision_id, avg(strong_win) as strongWin, avg(strong_cost_nano_usd) as strongCost,
      avg(weak_cost_nano_usd) as weakCost
    from comparison c join request r on r.decision_id = c.decision_id
    where ${isOfOwnPair} group by c.decision_id
  ) c on c.decision_id = r.decision_id
  order by r.started_at_utc desc, r.decision_id`;

function toRecord({
  fallbacks,
  strongCost,
  weakCost,
  ...row
}: CalibrationFields): CalibrationRecord {
  const isPriced = strongCost !== null && weakCost !== null;
  return {
    ...row,
    fellBack: fallbacks > 0,
    comparedCostNanoUsd: isPriced ? { strong: strongCost, weak: weakCost } : null,
  };
}
