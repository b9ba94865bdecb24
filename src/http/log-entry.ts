import { createHash } from 'node:crypto';
import type { LogPrompts } from '../config/config.ts';
import type { Decision } from '../routing/decision.ts';
import type { RequestRecord } from '../store/request-record.ts';
import type { AnswerFacts } from '../upstream/answer-facts.ts';
import type { Price } from '../upstream/deployment.ts';
import { estimateTokens } from '../upstream/token-estimate.ts';
import type { Call } from './call.ts';
import type { TextRequest } from './chat-request.ts';
import type { Forwarded } from './forward.ts';
import type { Serving } from './serving.ts';

/** All that is known of a request when it is over. */
export interface FinishedRequest {
  readonly call: Call;
  readonly serving: Pick<Serving, 'redact'>;
  readonly request: TextRequest;
  readonly decision: Decision;
  readonly forwarded: Forwarded;
  /** Last URL called; '' when none was. */
  readonly url: string;
  readonly status: number;
  readonly outcome: RequestRecord['outcome'];
  readonly errorCode: string | null;
  readonly ttftMs: number | null;
  readonly clientRetryCount: number | null;
}

export function toLogRecord(
  finished: FinishedRequest,
  logPrompts: LogPrompts,
  embedderId: string | null,
): RequestRecord {
  const { call, request, decision, forwarded } = finished;
  const { deployment, answer } = forwarded;
  const facts = answer?.facts ?? null;
  const usage = usageOf(request, facts);
  const text = decision.text;
  const redacted = (said: string | null) => (said === null ? null : finished.serving.redact(said));
  return {
    decisionId: decision.id,
    requestId: call.requestId,
    startedAtMs: call.startedAtMs,
    endpoint: request.endpoint,
    router: decision.router,
    routerVersion: decision.routerVersion,
    score: decision.score,
    threshold: decision.threshold,
    tier: decision.tier,
    reason: decision.reason,
    requestedModel: request.model.slice(0, 200),
    answeredModel: redacted(facts?.model ?? null),
    upstreamModel: deployment?.model ?? '',
    upstreamUrl: finished.url,
    status: finished.status,
    stream: request.stream,
    outcome: finished.outcome,
    errorCode: finished.errorCode,
    finishReason: redacted(facts?.finishReason ?? null),
    ...usage,
    attempts: forwarded.attempts,
    fallbacks: forwarded.fallbacks,
    deploymentId: deployment?.id ?? null,
    durationMs: call.elapsedMs(),
    ttftMs: finished.ttftMs,
    decisionMs: decision.decisionMs,
    costNanoUsd: costNanoUsd(deployment?.price ?? null, usage.promptTokens, usage.completionTokens),
    promptText: logPrompts === 'full' ? text : null,
    promptHash: logPrompts === 'none' || text === null ? null : sha256(text),
    embedderId: decision.embedding === null ? null : embedderId,
    embedding: decision.embedding,
    clientRetryCount: finished.clientRetryCount,
    reasonDetail: decision.reasonDetail,
    propensity: decision.propensity,
    promptChars: text?.length ?? null,
    sessionHash: decision.sessionHash,
    isPrivate: decision.isPrivate,
    confidence: null,
    discardedCostNanoUsd: null,
  };
}

type Usage = Pick<RequestRecord, 'promptTokens' | 'completionTokens' | 'usageEstimated'>;

/** The upstream's counts; what it did not count is estimated from the text and marked so. */
function usageOf(request: TextRequest, facts: AnswerFacts | null): Usage {
  if (facts === null) return { promptTokens: null, completionTokens: null, usageEstimated: false };
  const { promptTokens, completionTokens } = facts;
  return {
    promptTokens: promptTokens ?? estimateTokens(request.promptChars),
    completionTokens: completionTokens ?? estimateTokens(facts.contentChars),
    usageEstimated: promptTokens === null || completionTokens === null,
  };
}

/** 1e-9 US dollars; null when the price or the counts are unknown, never a made-up number. */
function costNanoUsd(
  price: Price | null,
  promptTokens: number | null,
  completionTokens: number | null,
): number | null {
  if (price === null || promptTokens === null || completionTokens === null) return null;
  // Dollars per 1e6 tokens are 1e3 nano-dollars per token.
  return Math.round(
    1000 * (promptTokens * price.inputPerMtok + completionTokens * price.outputPerMtok),
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
