import type { Database } from 'better-sqlite3';
import { isDecidedByThreshold } from './calibration-queries.ts';
import { isFailure } from './failure-sql.ts';
import { isOfOwnPair } from './own-pair.ts';

/*
 * What the dashboard sums up over a range of time. Begin and end are ISO texts: `from <= started <
 * to`. All of it reads only.
 */

export interface Span {
  readonly fromUtc: string;
  readonly toUtc: string;
}

export interface TrafficTotals {
  readonly requests: number;
  readonly strong: number;
  readonly weak: number;
  readonly other: number;
  readonly routed: number;
  readonly routedStrong: number;
  readonly failed: number;
  readonly clientAborts: number;
  readonly fellBack: number;
  /** Of all calls with a known cost, answers that nobody saw included; null without one. */
  readonly costNanoUsd: number | null;
  /** Of routed requests with a known cost. */
  readonly pricedRequests: number;
  readonly pricedCostNanoUsd: number;
  readonly pricedPromptTokens: number;
  readonly pricedCachedTokens: number;
  readonly pricedCompletionTokens: number;
}

/** Sums over answers that came whole: x completion tokens, y duration in ms. */
export interface SpeedSums {
  readonly tier: 'strong' | 'weak';
  readonly n: number;
  readonly x: number;
  readonly y: number;
  readonly xx: number;
  readonly xy: number;
}

export interface TrafficBucket {
  /** Seconds since the epoch. */
  readonly t: number;
  readonly strong: number;
  readonly weak: number;
  readonly other: number;
  readonly failed: number;
}

/** One request for percentiles. */
export interface LatencyRow {
  readonly tier: 'strong' | 'weak';
  /** Seconds since the epoch. */
  readonly startedAt: number;
  readonly ttftMs: number | null;
  readonly durationMs: number;
  readonly decisionMs: number;
}

/** One scored request for thresholds. */
export interface ScoredRow {
  readonly score: number;
  readonly promptTokens: number | null;
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
}

export interface ErrorRow {
  readonly code: string;
  readonly status: number;
  readonly count: number;
  readonly lastAtUtc: string;
  readonly lastDecisionId: string;
}

export interface FallbackRow {
  readonly tier: string;
  readonly model: string;
  readonly count: number;
  readonly lastAtUtc: string;
}

export interface EvidenceCounts {
  readonly explicit: number;
  readonly compared: number;
  readonly implicit: number;
}

export interface ThresholdHistoryRow {
  readonly appliedAtUtc: string;
  readonly takenUpAtUtc: string | null;
  readonly routerVersion: string;
  readonly threshold: number;
  readonly strongShare: number;
  readonly goal: string;
  readonly prompts: number;
}

export interface HeadRow {
  readonly headVersion: string;
  readonly baseVersion: string;
  readonly appliedAtUtc: string;
  readonly takenUpAtUtc: string | null;
  readonly reportJson: string;
}

/** A scored request for the value of thresholds, with or without an outcome. */
export interface ValuedRow {
  readonly score: number;
  readonly tier: 'strong' | 'weak';
  readonly fellBack: boolean;
  readonly propensity: number | null;
  readonly promptChars: null;
  readonly promptTokens: null;
  readonly costNanoUsd: null;
  /** Mean of all feedback. */
  readonly explicit: number | null;
  /** Mean over judges. */
  readonly strongWin: number | null;
  /** The conversation, else the prompt; null where neither is known. */
  readonly cluster: string | null;
}

export interface TrafficQueries {
  /** Arrival of the oldest request; null for an empty log. */
  oldestUtc(): string | null;
  loggedRequests(): number;
  totals(span: Span): TrafficTotals;
  speeds(span: Span): SpeedSums[];
  series(span: Span, bucketSeconds: number): TrafficBucket[];
  /** The newest first, at most `limit`. */
  latencies(span: Span, limit: number): IterableIterator<LatencyRow>;
  /** Of one router version, the newest first, at most `limit`. */
  scores(span: Span, key: RouterKey, limit: number): IterableIterator<ScoredRow>;
  reasons(span: Span): { readonly reason: string; readonly count: number }[];
  /** The newest first. Only what quality needs: lengths and costs are left out. */
  calibrationRows(key: RouterKey, limit: number): ValuedRow[];
  /** Differs when feedback or a comparison came or changed. */
  evidenceMark(): string;
  errors(span: Span): ErrorRow[];
  fallbacks(span: Span): FallbackRow[];
  evidence(span: Span): EvidenceCounts;
  /** The newest first. */
  thresholds(router: string): ThresholdHistoryRow[];
  /** The head of this router version that was learned from this log; null: it has none. */
  head(router: string, routerVersion: string): HeadRow | null;
}

export interface RouterKey {
  readonly router: string;
  readonly routerVersion: string;
}

const inSpan = 'started_at_utc >= @fromUtc and started_at_utc < @toUtc';
const isPriced = `(router is not null and tier in ('strong', 'weak') and cost_nano_usd is not null
  and prompt_tokens is not null and completion_tokens is not null)`;
const cost = 'cost_nano_usd + coalesce(discarded_cost_nano_usd, 0)';

export function prepareTrafficQueries(database: Database): TrafficQueries {
  const oldest = database.prepare<[], string | null>('select min(started_at_utc) from request').pluck(); // prettier-ignore
  const count = database.prepare<[], number>('select count(*) from request').pluck();
  const totals = database.prepare<[Span], TrafficTotals>(
    `select count(*) as requests,
       count(*) filter (where tier = 'strong') as strong,
       count(*) filter (where tier = 'weak') as weak,
       count(*) filter (where tier = 'none') as other,
       count(*) filter (where router is not null) as routed,
       count(*) filter (where router is not null and tier = 'strong') as routedStrong,
       count(*) filter (where ${isFailure}) as failed,
       count(*) filter (where outcome = 'client_abort') as clientAborts,
       count(*) filter (where fallbacks > 0) as fellBack,
       sum(${cost}) as costNanoUsd,
       count(*) filter (where ${isPriced}) as pricedRequests,
       coalesce(sum(${cost}) filter (where ${isPriced}), 0) as pricedCostNanoUsd,
       coalesce(sum(prompt_tokens) filter (where ${isPriced}), 0) as pricedPromptTokens,
       coalesce(sum(cached_tokens) filter (where ${isPriced}), 0) as pricedCachedTokens,
       coalesce(sum(completion_tokens) filter (where ${isPriced}), 0) as pricedCompletionTokens
     from request where ${inSpan}`,
  );
  const speeds = database.prepare<[Span], SpeedSums>(
    `select tier, count(*) as n, sum(completion_tokens) as x, sum(duration_ms) as y,
       sum(completion_tokens * completion_tokens) as xx, sum(completion_tokens * duration_ms) as xy
     from request
     where ${inSpan} and router is not null and tier in ('strong', 'weak') and outcome = 'done'
       and fallbacks = 0 and completion_tokens > 0
     group by tier`,
  );
  const series = database.prepare<[Span & { bucketSeconds: number }], TrafficBucket>(
    // The driver binds every number as a real one, whose division would leave no whole buckets.
    `select unixepoch(started_at_utc) / cast(@bucketSeconds as integer)
         * cast(@bucketSeconds as integer) as t,
       count(*) filter (where tier = 'strong') as strong,
       count(*) filter (where tier = 'weak') as weak,
       count(*) filter (where tier = 'none') as other,
       count(*) filter (where ${isFailure}) as failed
     from request where ${inSpan} group by t order by t`,
  );
  const latencies = database.prepare<[Span & { limit: number }], LatencyRow>(
    `select tier, unixepoch(started_at_utc) as startedAt, ttft_ms as ttftMs,
       duration_ms as durationMs, decision_ms as decisionMs
     from request
     where ${inSpan} and tier in ('strong', 'weak') and outcome = 'done' and fallbacks = 0
     order by started_at_utc desc limit @limit`,
  );
  const scores = database.prepare<[Span & RouterKey & { limit: number }], ScoredRow>(
    `select score, prompt_tokens as promptTokens, cached_tokens as cachedTokens,
       completion_tokens as completionTokens
     from request
     where router = @router and router_version = @routerVersion and score is not null and ${inSpan}
     order by started_at_utc desc limit @limit`,
  );
  const valued = database.prepare<
    [RouterKey & { limit: number }],
    Omit<ValuedRow, 'fellBack'> & { readonly fallbacks: number }
  >(
    `select score, iif(reason = 'cascade', 'weak', tier) as tier,
       fallbacks + (reason = 'cascade') as fallbacks, propensity, null as promptChars, null as promptTokens,
       null as costNanoUsd, coalesce(session_hash, prompt_sha256) as cluster,
       (select avg(value) from feedback f where f.decision_id = r.decision_id) as explicit,
       (select avg(strong_win) from comparison c
         where c.decision_id = r.decision_id and ${isOfOwnPair}) as strongWin
     from request r
     where router = @router and router_version = @routerVersion and score is not null
       and tier in ('strong', 'weak') and ${isDecidedByThreshold}
     order by started_at_utc desc limit @limit`,
  );
  const evidenceMark = database
    .prepare<[], string>(
      `select (select count(*) || coalesce(max(updated_at_utc), '') from feedback) || ' '
         || (select count(*) from comparison)`,
    )
    .pluck();
  const reasons = database.prepare<[Span], { reason: string; count: number }>(
    `select reason, count(*) as count from request where ${inSpan} group by reason order by 2 desc`,
  );
  const errors = database.prepare<[Span], ErrorRow>(
    // With one max(), SQLite takes the bare columns from the row that has it.
    `select coalesce(error_code, outcome) as code, status, count(*) as count,
       max(started_at_utc) as lastAtUtc, decision_id as lastDecisionId
     from request where ${inSpan} and ${isFailure}
     group by 1, status order by count desc limit 20`,
  );
  const fallbacks = database.prepare<[Span], FallbackRow>(
    `select tier, upstream_model as model, count(*) as count, max(started_at_utc) as lastAtUtc
     from request where ${inSpan} and fallbacks > 0
     group by tier, upstream_model order by count desc limit 20`,
  );
  const evidenceOf = (table: string, where = 'true') =>
    `(select count(distinct c.decision_id) from ${table} c join request r using (decision_id)
      where ${inSpan} and ${where})`;
  const evidence = database.prepare<[Span], EvidenceCounts>(
    `select ${evidenceOf('feedback')} as explicit, ${evidenceOf('comparison', isOfOwnPair)} as compared,
       ${evidenceOf('signal')} as implicit`,
  );
  const thresholds = database.prepare<[string], ThresholdHistoryRow>(
    `select applied_at_utc as appliedAtUtc, taken_up_at_utc as takenUpAtUtc,
       router_version as routerVersion, threshold, strong_share as strongShare, goal, prompts
     from applied_threshold where router = ? order by id desc limit 10`,
  );
  const head = database.prepare<[RouterKey], HeadRow>(
    `select head_version as headVersion, base_version as baseVersion, report_json as reportJson,
       applied_at_utc as appliedAtUtc, taken_up_at_utc as takenUpAtUtc
     from applied_head
     where router = @router and head_version = @routerVersion
     order by id desc limit 1`,
  );
  return {
    oldestUtc: () => oldest.get() ?? null,
    loggedRequests: () => count.get() ?? 0,
    totals: (span) => totals.get(span)!,
    speeds: (span) => speeds.all(span),
    series: (span, bucketSeconds) => series.all({ ...span, bucketSeconds }),
    latencies: (span, limit) => latencies.iterate({ ...span, limit }),
    scores: (span, key, limit) => scores.iterate({ ...span, ...key, limit }),
    calibrationRows: (key, limit) =>
      valued
        .all({ ...key, limit })
        .map(({ fallbacks, ...row }) => ({ ...row, fellBack: fallbacks > 0 })),
    evidenceMark: () => evidenceMark.get() ?? '',
    reasons: (span) => reasons.all(span),
    errors: (span) => errors.all(span),
    fallbacks: (span) => fallbacks.all(span),
    evidence: (span) => evidence.get(span)!,
    thresholds: (router) => thresholds.all(router),
    head: (router, routerVersion) => head.get({ router, routerVersion }) ?? null,
  };
}
