import type { Signal, SignalKind } from '../store/evidence.ts';
import type { RequestRecord } from '../store/request-record.ts';
import type { AnsweredRequest, AfterAnswer } from './after-answer.ts';
import { askedText, createAskedAgain, type AskedAgainOptions } from './asked-again.ts';
import { jsonWish, mayWishJson } from './json-wish.ts';
import type { SchemaChecker } from './schema-checker.ts';

/**
 * How good an answer was by a signal alone, 0..1. A broken, empty or ill-formed answer is of no use;
 * a cut one may be, and one that is asked for again may have been fine. These are weak evidence:
 * they are stored apart from feedback, and what is made of them is the reader's.
 */
const signalValues = {
  upstream_error: 0,
  empty_answer: 0,
  truncated_by_length: 0.3,
  schema_violation: 0,
  asked_again: 0.3,
} as const satisfies Record<SignalKind, number>;

export interface SignalDeps {
  /** Takes a signal without waiting; its request's row was handed over before. */
  readonly append: (signal: Signal) => void;
  readonly schemas: SchemaChecker;
  readonly askedAgain?: AskedAgainOptions;
  readonly now?: () => number;
}

/** Fewer tokens are asked for by probes, whose answers are cut on purpose. */
const leastTokens = 16;

/** Reads from each answer what it shows by itself, with nobody's word. */
export function createSignals(deps: SignalDeps): AfterAnswer {
  const { append, schemas, now = Date.now } = deps;
  const repeatedDecision = createAskedAgain(deps.askedAgain);

  function signal(decisionId: string, kind: SignalKind): void {
    append({ decisionId, kind, value: signalValues[kind], seenAtMs: now() });
  }

  function checkSchema({ record, facts, body }: AnsweredRequest): void {
    // A cut answer cannot keep to it, a refusal or a tool call need not.
    if (record.finishReason === 'length' || facts?.callsTools !== false || facts.isEmpty) return;
    const wish = jsonWish(body);
    if (wish === null || facts.kept?.isWhole !== true || facts.kept.text === '') return;
    schemas.check({ answer: facts.kept.text, schema: wish.schema }, (isValid) => {
      if (!isValid) signal(record.decisionId, 'schema_violation');
    });
  }

  function noteAsking({ record, messages, body, client }: AnsweredRequest): void {
    const text = askedText({ messages, body });
    if (text === null || (record.clientRetryCount ?? 0) > 0) return;
    const { decisionId, sessionHash, startedAtMs, durationMs } = record;
    const endedAtMs = startedAtMs + durationMs;
    const earlier = repeatedDecision({
      decisionId,
      client,
      sessionHash,
      text,
      startedAtMs,
      endedAtMs,
    });
    if (earlier !== null) signal(earlier, 'asked_again');
  }

  return {
    needsText: ({ body }) => mayWishJson(body),
    onAnswered(answered) {
      const { record, facts, body } = answered;
      const { decisionId } = record;
      if (isUpstreamFault(record)) signal(decisionId, 'upstream_error');
      if (record.outcome !== 'done') return;
      if (!asksForLittle(body)) {
        if (facts?.isEmpty === true) signal(decisionId, 'empty_answer');
        if (record.finishReason === 'length') signal(decisionId, 'truncated_by_length');
      }
      checkSchema(answered);
      noteAsking(answered);
    },
  };
}

/** Not the client's own fault, ours, or a request that was never sent. */
function isUpstreamFault({ outcome, errorCode, status }: RequestRecord): boolean {
  if (outcome !== 'upstream_error' && outcome !== 'truncated') return false;
  const isTheirs = errorCode !== null && /^(upstream|stream)_/.test(errorCode);
  return isTheirs && (status === 200 || status === 429 || status >= 500);
}

function asksForLittle(body: Readonly<Record<string, unknown>>): boolean {
  const limit = body['max_completion_tokens'] ?? body['max_tokens'] ?? body['max_output_tokens'];
  return typeof limit === 'number' && limit < leastTokens;
}
