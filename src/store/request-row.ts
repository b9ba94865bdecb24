import type { RequestRecord } from './request-record.ts';

/** The record without its embedding, which has a table of its own. */
export type RequestFields = Omit<RequestRecord, 'embedding'>;

export const requestColumns = [
  'decision_id',
  'request_id',
  'started_at_utc',
  'endpoint',
  'router',
  'router_version',
  'score',
  'threshold',
  'tier',
  'reason',
  'requested_model',
  'answered_model',
  'upstream_model',
  'upstream_url',
  'status',
  'is_stream',
  'outcome',
  'error_code',
  'finish_reason',
  'prompt_tokens',
  'completion_tokens',
  'is_usage_estimated',
  'attempts',
  'fallbacks',
  'deployment_id',
  'duration_ms',
  'ttft_ms',
  'decision_ms',
  'cost_nano_usd',
  'prompt_text',
  'prompt_sha256',
  'client_retry_count',
  'reason_detail',
  'propensity',
  'prompt_chars',
  'session_hash',
  'is_private',
  'confidence',
  'discarded_cost_nano_usd',
  'failed_calls',
  'cached_tokens',
] as const;

export type RequestRow = Record<(typeof requestColumns)[number], string | number | null>;

/**
 * One row of the table `request`, keyed by column. Counts are rounded because upstreams are
 * believed loosely and the table is strict: an odd number must not cost the row.
 */
export function requestRow(fields: RequestFields): RequestRow {
  return {
    decision_id: fields.decisionId,
    request_id: fields.requestId,
    started_at_utc: new Date(fields.startedAtMs).toISOString(),
    endpoint: fields.endpoint,
    router: fields.router,
    router_version: fields.routerVersion,
    score: fields.score,
    threshold: fields.threshold,
    tier: fields.tier,
    reason: fields.reason,
    requested_model: fields.requestedModel,
    answered_model: fields.answeredModel,
    upstream_model: fields.upstreamModel,
    upstream_url: fields.upstreamUrl,
    status: fields.status,
    is_stream: fields.stream ? 1 : 0,
    outcome: fields.outcome,
    error_code: fields.errorCode,
    finish_reason: fields.finishReason,
    prompt_tokens: integer(fields.promptTokens),
    completion_tokens: integer(fields.completionTokens),
    is_usage_estimated: fields.usageEstimated ? 1 : 0,
    attempts: fields.attempts,
    fallbacks: fields.fallbacks,
    deployment_id: fields.deploymentId,
    duration_ms: fields.durationMs,
    ttft_ms: fields.ttftMs,
    decision_ms: fields.decisionMs,
    cost_nano_usd: integer(fields.costNanoUsd),
    prompt_text: fields.promptText,
    prompt_sha256: fields.promptHash,
    client_retry_count: integer(fields.clientRetryCount),
    reason_detail: fields.reasonDetail,
    propensity: fields.propensity,
    prompt_chars: fields.promptChars,
    session_hash: fields.sessionHash,
    is_private: fields.isPrivate ? 1 : 0,
    confidence: fields.confidence,
    discarded_cost_nano_usd: integer(fields.discardedCostNanoUsd),
    failed_calls: fields.failedCalls,
    cached_tokens: integer(fields.cachedTokens),
  };
}

function integer(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : Math.round(value);
}
