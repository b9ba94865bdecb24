import { hash } from 'node:crypto';
import type { LogPrompts } from '../config/config.ts';
import type { RedactText } from '../privacy/redact-text.ts';
import type { Decision } from '../routing/decision.ts';
import type { RequestRecord } from '../store/request-record.ts';
import type { AnswerFacts } from '../upstream/answer-facts.ts';
import { billedTokens, costNanoUsd } from '../upstream/cost.ts';
import type { Price } from '../upstream/deployment.ts';
import type { Call } from './call.ts';
import type { TextRequest } from './chat-request.ts';
import type { Forwarded } from './forward.ts';
import type { Serving } from './serving.ts';

/** What the log wants to know of any kind of request. */
type LoggedRequest = Pick<TextRequest, 'endpoint' | 'model' | 'stream' | 'promptChars'>;

/** All that is known of a request when it is over. */
export interface FinishedRequest {
  readonly call: Call;
  readonly serving: Pick<Serving, 'redact'>;
  readonly request: LoggedRequest;
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

/** What the operator lets us keep of a prompt. */
export interface LogPolicy {
  readonly prompts: LogPrompts;
  /** Whether sentence vectors are stored: personal data like the text. */
  readonly embeddings: boolean;
  /** Takes out what must not be stored, of prompts and of comments. */
  readonly redactText: RedactText;
}

export function toLogRecord(
  finished: FinishedRequest,
  policy: LogPolicy,
  embedderId: string | null,
): RequestRecord {
  const { call, request, decision, forwarded } = finished;
  const { deployment, answer } = forwarded;
  const facts = answer?.facts ?? null;
  const usage = usageOf(request, facts);
  const text = decision.text;
  const kept = keptOf(decision, policy);
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
    failedCalls: forwarded.replaced.length === 0 ? null : forwarded.replaced.join('; '),
    deploymentId: deployment?.id ?? null,
    durationMs: call.elapsedMs(),
    ttftMs: finished.ttftMs,
    decisionMs: decision.decisionMs,
    costNanoUsd: costNanoUsd(deployment?.price ?? null, usage),
    ...kept,
    embedderId: kept.embedding === null ? null : embedderId,
    clientRetryCount: finished.clientRetryCount,
    reasonDetail: decision.reasonDetail,
    propensity: decision.propensity,
    promptChars: text?.length ?? null,
    sessionHash: decision.sessionHash,
    isPrivate: decision.isPrivate,
    confidence: forwarded.cascade?.confidence ?? null,
    discardedCostNanoUsd: forwarded.cascade?.discardedCostNanoUsd ?? null,
  };
}

/** Of a private request neither text nor vector is kept: who marks it wants it seen by nobody. */
function keptOf(
  { text, embedding, isPrivate }: Decision,
  { prompts, embeddings, redactText }: LogPolicy,
): Pick<RequestRecord, 'promptText' | 'promptHash' | 'embedding'> {
  if (isPrivate) return { promptText: null, promptHash: null, embedding: null };
  return {
    promptText: prompts === 'full' && text !== null ? redactText(text) : null,
    promptHash: prompts === 'none' || text === null ? null : hash('sha256', text),
    embedding: embeddings ? embedding : null,
  };
}

/** Of an answer as far as it is known, in 1e-9 US dollars; null without a price. */
export function costOf(
  request: LoggedRequest,
  price: Price | null,
  facts: AnswerFacts,
): number | null {
  return costNanoUsd(price, billedTokens(facts, request.promptChars));
}

type Usage = Pick<
  RequestRecord,
  'promptTokens' | 'cachedTokens' | 'completionTokens' | 'usageEstimated'
>;

/** The upstream's counts; what it did not count is estimated from the text and marked so. */
function usageOf(request: LoggedRequest, facts: AnswerFacts | null): Usage {
  if (facts === null) {
    return {
      promptTokens: null,
      cachedTokens: null,
      completionTokens: null,
      usageEstimated: false,
    };
  }
  return {
    usageEstimated: facts.promptTokens === null || facts.completionTokens === null,
    ...billedTokens(facts, request.promptChars),
  };
}
