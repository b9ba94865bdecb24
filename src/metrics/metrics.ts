import { Registry } from 'prom-client';
import type { ShadowResult } from '../judging/shadow.ts';
import type { SignalKind } from '../store/evidence.ts';
import type { LogState, RequestRecord } from '../store/request-record.ts';
import type { FailureClass } from '../dispatch/failure-class.ts';
import type { GroupPool } from '../dispatch/group-pool.ts';
import { costNanoUsd } from '../upstream/cost.ts';
import type { Deployment, Price } from '../upstream/deployment.ts';
import { CellCounter, CellHistogram } from './cells.ts';
import { watchLoopLag } from './loop-lag.ts';
import { registerReadings } from './readings.ts';

/** What is counted elsewhere and read when `/metrics` is. */
export interface MetricsSources {
  readonly pools: () => readonly GroupPool[];
  readonly log: () => LogState;
  readonly embeddingFailures: () => number;
  /** Null when nothing embeds. */
  readonly embeddingCache: () => { readonly hits: number; readonly misses: number } | null;
  readonly routers: () => readonly RouterGauges[];
  /** What the strong model costs, for what was saved; null when not configured. */
  readonly strongPrice: () => Price | null;
}

/** Where a router's boundary is and what its scores were lately. */
export interface RouterGauges {
  readonly name: string;
  readonly threshold: number;
  readonly targetStrongShare: number | null;
  readonly recent: {
    /** Null before the first score. */
    readonly strongShare: number | null;
    /** Null where it cannot be measured. */
    readonly drift: {
      readonly psi: number;
      readonly level: 'stable' | 'moderate' | 'major';
    } | null;
  };
}

export interface Metrics {
  /** A request that was decided, however it ended. */
  onRequest(record: RequestRecord): void;
  /** A request that was refused before there was a decision. */
  onRefused(status: number): void;
  /** Our own time before the first upstream call. */
  onOverhead(ms: number): void;
  onRetry(deployment: Deployment): void;
  onFallback(from: string, to: string, cause: FailureClass): void;
  /** Something that an answer showed by itself. */
  onSignal(kind: SignalKind): void;
  /** A request that was chosen for a comparison. */
  onShadow(result: ShadowResult): void;
  /** What comparisons cost beside live traffic, in 1e-9 US dollars. */
  onShadowSpent(nanoUsd: number): void;
  onReload(result: 'success' | 'failure'): void;
  /** In Prometheus's text format. */
  text(): Promise<string>;
  readonly contentType: string;
  close(): void;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const fractions = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];
const none = 'none';

/**
 * The metrics of one gateway, in a registry of their own. Labels hold what is configured or one of
 * a few words of ours, never what a client or an upstream said: a stranger's string would make a
 * series for good.
 */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const counter = (name: string, help: string, ...labels: string[]) =>
    new CellCounter(registry, `pointsman_${name}`, help, labels);
  const histogram = (
    name: string,
    help: string,
    bounds: readonly number[],
    ...labelNames: string[]
  ) => new CellHistogram(registry, `pointsman_${name}`, help, { labelNames, bounds });

  const requests = counter(
    'requests_total',
    'Requests by decided tier, called model, status sent and reason of the decision.',
    ...['tier', 'model', 'status', 'reason'],
  );
  const phases = histogram('phase_seconds', 'Time of a phase of a request.', seconds, 'phase');
  const overhead = histogram('overhead_seconds', 'Own time before the first call.', seconds);
  const scores = histogram('score', 'Scores: estimated win rates of the strong model.', fractions);
  const tokens = counter('tokens_total', 'Tokens, estimated where none are reported.', 'model', 'direction'); // prettier-ignore
  const cost = counter('cost_usd_total', 'Cost of the calls whose price is known.', 'model');
  const alwaysStrong = counter('always_strong_usd_total', 'Estimate: routed requests by strong alone.'); // prettier-ignore
  const routedCost = counter('routed_cost_usd_total', 'Cost of the same requests, unseen answers included.'); // prettier-ignore
  const cascades = counter('cascade_total', 'Weak answers by what a cascade did: kept, escalated.', 'result'); // prettier-ignore
  const discarded = counter('discarded_cost_usd_total', 'Cost of answers that nobody saw.');
  const retries = counter('retries_total', 'Calls after the first in a group.', 'deployment');
  const fallbacks = counter('fallbacks_total', 'Groups left behind.', 'from', 'to', 'cause');
  const streams = counter('streams_total', 'Streams by how they ended.', 'outcome');
  const signals = counter('signals_total', 'What answers showed by themselves.', 'kind');
  const shadows = counter('shadow_total', 'Requests chosen for a comparison.', 'result');
  const shadowCost = counter('shadow_cost_usd_total', 'Cost of comparisons beside live traffic.');
  const reloads = counter('config_reloads_total', 'Reloads of the configuration.', 'result');
  const lag = watchLoopLag();
  registerReadings(registry, sources, lag);

  return {
    onRequest(record) {
      const { tier, status, reason, durationMs, ttftMs, score, promptTokens, completionTokens } =
        record;
      const model = record.upstreamModel || none;
      requests.add(1, tier, model, String(status), reason);
      phases.observe(durationMs / 1000, 'total');
      phases.observe(record.decisionMs / 1000, 'score');
      if (ttftMs !== null) phases.observe(ttftMs / 1000, 'ttft');
      if (score !== null) scores.observe(score);
      if (record.stream) streams.add(1, record.outcome);
      if (promptTokens !== null) tokens.add(promptTokens, model, 'prompt');
      if (completionTokens !== null) tokens.add(completionTokens, model, 'completion');
      if (reason === 'cascade') cascades.add(1, 'escalated');
      else if (record.confidence !== null) cascades.add(1, 'kept');
      discarded.add((record.discardedCostNanoUsd ?? 0) / 1e9);
      if (record.costNanoUsd === null) return;
      cost.add(record.costNanoUsd / 1e9, model);
      // The requests that the dashboard's savings are about. Their difference may fall, as no counter can.
      const byStrong = costNanoUsd(sources.strongPrice(), record);
      if (record.router === null || tier === none || byStrong === null) return;
      alwaysStrong.add(byStrong / 1e9);
      routedCost.add((record.costNanoUsd + (record.discardedCostNanoUsd ?? 0)) / 1e9);
    },
    onRefused: (status) => requests.add(1, none, none, String(status), none),
    onOverhead: (ms) => overhead.observe(ms / 1000),
    onRetry: ({ id }) => retries.add(1, id),
    onFallback: (from, to, cause) => fallbacks.add(1, from, to, cause),
    onSignal: (kind) => signals.add(1, kind),
    onShadow: (result) => shadows.add(1, result),
    onShadowSpent: (nanoUsd) => shadowCost.add(nanoUsd / 1e9),
    onReload: (result) => reloads.add(1, result),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    close: () => lag.close(),
  };
}
