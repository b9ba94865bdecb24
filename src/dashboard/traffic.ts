import { quantile, sorted } from '../math/quantile.ts';
import { parseHeadReport } from '../store/head-report.ts';
import type {
  LatencyRow,
  RouterKey,
  ScoredRow,
  Span,
  TrafficQueries,
} from '../store/traffic-queries.ts';
import { costNanoUsd } from '../upstream/cost.ts';
import type { Price } from '../upstream/deployment.ts';
import { answersNeeded, fitAnswerTime, savedMs, type AnswerTime } from './answer-time.ts';
import type {
  Percentiles,
  QualityView,
  RangeName,
  ScoreView,
  Series,
  Tier,
  TierLatency,
  Totals,
  Traffic,
} from './api-types.ts';
import { timeRange, type TimeRange } from './time-range.ts';
import { whatIf } from './what-if.ts';

export interface TrafficQuestion {
  readonly range: RangeName;
  readonly router: RouterKey;
  readonly prices: Readonly<Record<Tier, Price | null>>;
}

/** Rows behind percentiles, and scores behind the thresholds: the newest of the range. */
const mostRows = 50_000;

/** Sums up what the log says of a range; runs in the reader thread. */
export function readTraffic(
  queries: TrafficQueries,
  { range: name, router, prices }: TrafficQuestion,
  nowMs: number,
  readQuality: (key: RouterKey, nowMs: number) => QualityView,
): Traffic {
  const oldest = queries.oldestUtc();
  const range = timeRange(name, nowMs, oldest === null ? null : Date.parse(oldest));
  const span = { fromUtc: iso(range.fromMs), toUtc: iso(range.toMs) };
  const speeds = new Map(queries.speeds(span).map((sums) => [sums.tier, sums]));
  const timeOf = (tier: Tier): AnswerTime | null => {
    const sums = speeds.get(tier);
    return sums === undefined || sums.n < answersNeeded ? null : fitAnswerTime(sums);
  };
  const times = { strong: timeOf('strong'), weak: timeOf('weak') };
  const latencies = [...queries.latencies(span, mostRows)];
  const head = queries.head(router.router, router.routerVersion);
  const weak = speeds.get('weak');

  return {
    range: { name, from: span.fromUtc, to: span.toUtc, bucket_ms: range.bucketMs },
    logged_requests: queries.loggedRequests(),
    totals: totalsOf(queries, span, prices, {
      ms: times.strong === null || weak === undefined ? null : savedMs(times.strong, weak),
      timed_requests: weak?.n ?? 0,
      strong_answers: speeds.get('strong')?.n ?? 0,
    }),
    series: seriesOf(queries, span, range, latencies),
    latency: (['strong', 'weak'] as const).map((tier) => latencyOf(tier, latencies)),
    scores: scoresOf(
      queries.scores(span, router, mostRows),
      {
        strong: { price: prices.strong, time: times.strong },
        weak: { price: prices.weak, time: times.weak },
      },
      () => readQuality(router, nowMs),
    ),
    reasons: queries.reasons(span),
    errors: queries.errors(span).map(({ lastAtUtc, lastDecisionId, ...row }) => ({
      ...row,
      last_at: lastAtUtc,
      last_decision_id: lastDecisionId,
    })),
    fallbacks: queries.fallbacks(span).map(({ lastAtUtc, ...row }) => ({
      ...row,
      last_at: lastAtUtc,
    })),
    thresholds: queries.thresholds(router.router).map((row) => ({
      applied_at: row.appliedAtUtc,
      taken_up_at: row.takenUpAtUtc,
      threshold: row.threshold,
      strong_share: row.strongShare,
      goal: row.goal,
      prompts: row.prompts,
      is_current_version: row.routerVersion === router.routerVersion,
    })),
    head: head && {
      head_version: head.headVersion,
      base_version: head.baseVersion,
      applied_at: head.appliedAtUtc,
      taken_up_at: head.takenUpAtUtc,
      report: parseHeadReport(head.reportJson),
    },
    evidence: queries.evidence(span),
  };
}

function totalsOf(
  queries: TrafficQueries,
  span: Span,
  prices: TrafficQuestion['prices'],
  time: Pick<Totals['savings'], 'ms' | 'timed_requests' | 'strong_answers'>,
): Totals {
  const sums = queries.totals(span);
  const { strong } = prices;
  const isPriced = strong !== null && prices.weak !== null && sums.pricedRequests > 0;
  const alwaysStrong = isPriced
    ? costNanoUsd(strong, {
        promptTokens: sums.pricedPromptTokens,
        cachedTokens: sums.pricedCachedTokens,
        completionTokens: sums.pricedCompletionTokens,
      })! / 1e9
    : null;
  return {
    requests: sums.requests,
    strong: sums.strong,
    weak: sums.weak,
    other: sums.other,
    routed: sums.routed,
    routed_strong: sums.routedStrong,
    failed: sums.failed,
    client_aborts: sums.clientAborts,
    fell_back: sums.fellBack,
    cost_usd: sums.costNanoUsd === null ? null : sums.costNanoUsd / 1e9,
    savings: {
      usd: alwaysStrong === null ? null : alwaysStrong - sums.pricedCostNanoUsd / 1e9,
      always_strong_usd: alwaysStrong,
      priced_requests: sums.pricedRequests,
      strong_answers_needed: answersNeeded,
      ...time,
    },
  };
}

/** A value for every bucket, also for those without a request. */
function seriesOf(
  queries: TrafficQueries,
  span: Span,
  { fromMs, toMs, bucketMs }: TimeRange,
  latencies: readonly LatencyRow[],
): Series {
  const step = bucketMs / 1000;
  const first = fromMs / 1000;
  const size = Math.round((toMs - fromMs) / bucketMs);
  const zeros = () => new Array<number>(size).fill(0);
  const series = { strong: zeros(), weak: zeros(), other: zeros(), failed: zeros() };
  for (const { t, ...counts } of queries.series(span, step)) {
    const at = Math.floor((t - first) / step);
    for (const key of ['strong', 'weak', 'other', 'failed'] as const) series[key][at]! += counts[key]; // prettier-ignore
  }
  const waits = { strong: new Map<number, number[]>(), weak: new Map<number, number[]>() };
  for (const { tier, startedAt, ttftMs } of latencies) {
    if (ttftMs === null) continue;
    const at = Math.floor((startedAt - first) / step);
    const list = waits[tier].get(at);
    if (list === undefined) waits[tier].set(at, [ttftMs]);
    else list.push(ttftMs);
  }
  const medians = (tier: Tier) =>
    Array.from({ length: size }, (_, at) => {
      const values = waits[tier].get(at);
      return values === undefined ? null : rounded(quantile(sorted(values), 0.5));
    });
  return {
    t: Array.from({ length: size }, (_, at) => first + at * step),
    ...series,
    ttft_strong: medians('strong'),
    ttft_weak: medians('weak'),
  };
}

function latencyOf(tier: Tier, rows: readonly LatencyRow[]): TierLatency {
  const own = rows.filter((row) => row.tier === tier);
  return {
    tier,
    ttft: percentiles(own.flatMap(({ ttftMs }) => (ttftMs === null ? [] : [ttftMs]))),
    duration: percentiles(own.map(({ durationMs }) => durationMs)),
    decision: percentiles(own.map(({ decisionMs }) => decisionMs)),
  };
}

function percentiles(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const ordered = sorted(values);
  const at = (p: number) => rounded(quantile(ordered, p));
  return { count: values.length, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}

function scoresOf(
  rows: Iterable<ScoredRow>,
  tiers: Parameters<typeof whatIf>[1],
  readQuality: () => QualityView,
): ScoreView | null {
  const view = whatIf(rows, tiers);
  if (view.count === 0) return null;
  return { ...view, is_truncated: view.count === mostRows, quality: readQuality() };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
