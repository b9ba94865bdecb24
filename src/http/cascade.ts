import type { CascadeSettings } from '../config/config.ts';
import { describeFailedCall, failureText } from '../dispatch/also-failed.ts';
import { classifyFailure } from '../dispatch/failure-class.ts';
import type { Decision } from '../routing/decision.ts';
import type { FirstLogprobs } from '../upstream/answer-facts.ts';
import type { UpstreamAnswer } from '../upstream/openai-client.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { AppDeps } from './app.ts';
import { ClientGoneError } from './call.ts';
import type { Exchange } from './chat-completions.ts';
import { asksLogprobs, forward, type Forwarded } from './forward.ts';
import { describeForLog } from './error-handler.ts';
import { costOf } from './log-entry.ts';
import { eventsWithoutLogprobs, withoutLogprobs } from './strip-logprobs.ts';

/** How a cascade went. */
export interface Cascaded {
  /**
   * `kept`: the weak answer was sure enough; `escalated`: the strong model answers; `failed`: it
   * should have, and the weak model answers; `unknown`: the weak model's upstream gave no
   * log-probabilities, and its answer stands.
   */
  readonly result: 'kept' | 'escalated' | 'failed' | 'unknown';
  /** Mean log-probability of the weak answer's first tokens; null when unknown. */
  readonly confidence: number | null;
  /** The decision as it stands now. */
  readonly decision: Decision;
  /** Of the weak answer that nobody saw, in 1e-9 US dollars; null when there is none, or no price. */
  readonly discardedCostNanoUsd: number | null;
}

/** As much of an answer as is held back while its first tokens come. */
const maxHeldBytes = 256 * 1024;

/**
 * Whether a request is asked of the weak model first, to see how sure it is: one that its score
 * sent there. What a rule, the client or chance decided stays; what is private is shown to one
 * model only; several choices have no one confidence.
 */
export function mayCascade({ decision, request, body, serving }: Exchange): boolean {
  const { cascade } = serving;
  return (
    cascade !== null &&
    decision.tier === 'weak' &&
    decision.reason === 'score' &&
    decision.score !== null &&
    decision.score >= cascade.minScore &&
    !decision.isPrivate &&
    request.endpoint === 'chat/completions' &&
    (body.value['n'] ?? 1) === 1
  );
}

/**
 * Asks the weak model, and the strong one instead when the first tokens of the weak answer have a
 * low mean log-probability, or when it breaks off before them. (Chow's rule on the mean token
 * log-probability: Gupta et al., Language model cascades: token-level uncertainty and beyond, ICLR
 * 2024.) Nothing is given out before the choice, so the client sees one whole answer of one model;
 * log-probabilities that it did not ask for are taken out again.
 *
 * A stream is held back for its first tokens, an answer in one piece is there as a whole. The same
 * tokens count in both, so that both are decided alike.
 *
 * When the strong model fails, the client gets the weak answer after all: the one that is there as
 * a whole, and of a stream that was ended another one, where the strong model refused the request.
 */
export async function cascade(
  deps: CascadeDeps,
  exchange: Exchange,
  forwarded: Forwarded,
  settings: CascadeSettings,
): Promise<AsyncGenerator<Buffer>> {
  const { decision, request } = exchange;
  const asked = { ...exchange, firstLogprobs: settings.tokens };
  const body = await forward(asked, forwarded, deps.instanceId);
  const { answer, deployment } = forwarded;
  // Another group stood in for the weak one: there is nothing to escalate from.
  if (answer === null || deployment?.group !== decision.group) return body;

  const { held, isOver, error } = await holdBack(body, answer);
  const confidence = meanOf(answer.facts.logprobs);
  const isSure = error === null && (confidence === null || confidence >= settings.minConfidence);
  // The score alone no longer says how likely this tier was.
  const judged = confidence === null ? decision : { ...decision, propensity: null };
  if (isSure) {
    const result = confidence === null ? 'unknown' : 'kept';
    forwarded.cascade = { result, confidence, decision: judged, discardedCostNanoUsd: null };
    return relay(exchange, held, body);
  }
  const isGenerated = isOver || !request.stream || answer.facts.finishReason !== null;
  const isWhole = error === null && isGenerated;
  const weak = { body, answer, deployment, held, error, isWhole, confidence, decision: judged };
  return escalate(deps, exchange, forwarded, weak);
}

type CascadeDeps = Pick<AppDeps, 'instanceId' | 'logger'>;

/** A weak answer that is not sure of itself. */
interface Unsure {
  readonly body: AsyncGenerator<Buffer>;
  readonly answer: UpstreamAnswer;
  readonly deployment: Deployment;
  readonly held: readonly Buffer[];
  /** Why it broke off; null when it did not. */
  readonly error: unknown;
  /** Nothing more is generated of it, so that keeping it costs nothing. */
  readonly isWhole: boolean;
  readonly confidence: number | null;
  readonly decision: Decision;
}

/** Asks the strong model; should that fail, the weak answer stands, or is asked for again. */
async function escalate(
  { instanceId, logger }: CascadeDeps,
  exchange: Exchange,
  forwarded: Forwarded,
  weak: Unsure,
): Promise<AsyncGenerator<Buffer>> {
  const { call, request, serving } = exchange;
  const { answer, deployment, isWhole, confidence } = weak;
  if (!isWhole) await weak.body.return(undefined);
  else if (!request.stream) await weak.body.next(); // all but its end is there
  const strong: Decision = {
    ...weak.decision,
    ...{ tier: 'strong', group: serving.tierGroups.strong, reason: 'cascade', propensity: null },
    reasonDetail: weak.error === null ? null : 'weak answer broke off',
  };
  const costNanoUsd = costOf(request, deployment.price, answer.facts);
  forwarded.cascade = {
    ...{ result: 'escalated', confidence, decision: strong },
    discardedCostNanoUsd: costNanoUsd,
  };
  forwarded.answer = null;
  if (weak.error !== null) forwarded.failed = { deployment, error: weak.error };
  try {
    const escalated = { ...exchange, decision: strong, hasAnswer: isWhole };
    const body = await forward(escalated, forwarded, instanceId);
    await weak.body.return(undefined);
    return body;
  } catch (error) {
    const isRefused = classifyFailure(error) === 'bad_request';
    if (call.signal.aborted || !(isWhole || isRefused)) {
      await weak.body.return(undefined);
      throw error;
    }
    forwarded.cascade = {
      ...{ result: 'failed', confidence },
      decision: { ...weak.decision, reasonDetail: `strong model failed: ${failureText(error)}` },
      discardedCostNanoUsd: isWhole ? null : costNanoUsd,
    };
    if (!isWhole) return forward(exchange, forwarded, instanceId);
    const { why, fields } = describeForLog(error, logger);
    const { requestId } = call;
    logger.warn(
      { requestId, ...fields },
      `the weak answer stands, the strong model failed: ${why}`,
    );
    noteReplaced(forwarded);
    Object.assign(forwarded, { answer, deployment });
    return relay(exchange, weak.held, weak.body);
  }
}

/** The strong model's call, whose place the weak answer takes. */
function noteReplaced(forwarded: Forwarded): void {
  const { failed } = forwarded;
  if (failed !== null) forwarded.replaced.push(describeFailedCall(failed));
  forwarded.failed = null;
}

interface HeldBack {
  readonly held: readonly Buffer[];
  /** Nothing comes after `held`. */
  readonly isOver: boolean;
  /** Why the answer broke off; null when it did not. */
  readonly error: unknown;
}

/**
 * Reads until the wanted tokens are there, the answer has its end, or there is content without
 * log-probabilities: then none are to come.
 */
async function holdBack(
  body: AsyncGenerator<Buffer>,
  { facts }: UpstreamAnswer,
): Promise<HeldBack> {
  const held: Buffer[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const next = await body.next();
      if (next.done === true) return { held, isOver: true, error: null };
      held.push(next.value);
      bytes += next.value.length;
      const { count, wanted } = facts.logprobs ?? { count: 0, wanted: 0 };
      const isEnough = count >= wanted || (count === 0 && facts.contentChars > 0);
      if (isEnough || facts.finishReason !== null || bytes >= maxHeldBytes) {
        return { held, isOver: false, error: null };
      }
    }
  } catch (error) {
    if (error instanceof ClientGoneError) throw error;
    return { held, isOver: true, error };
  }
}

function meanOf(logprobs: FirstLogprobs | null): number | null {
  return logprobs === null || logprobs.count === 0 ? null : logprobs.sum / logprobs.count;
}

function relay(
  { body, request }: Exchange,
  held: readonly Buffer[],
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  const relayed = resume(held, rest);
  return asksLogprobs(body) ? relayed : strip(relayed, request.stream);
}

async function* resume(
  held: readonly Buffer[],
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    yield* held;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

async function* strip(body: AsyncGenerator<Buffer>, stream: boolean): AsyncGenerator<Buffer> {
  for await (const bytes of body) {
    yield stream
      ? eventsWithoutLogprobs(bytes)
      : Buffer.from(withoutLogprobs(bytes.toString('utf8')));
  }
}
