import type { CascadeSettings } from '../config/config.ts';
import type { Decision } from '../routing/decision.ts';
import type { FirstLogprobs } from '../upstream/answer-facts.ts';
import type { UpstreamAnswer } from '../upstream/openai-client.ts';
import { ClientGoneError } from './call.ts';
import type { Exchange } from './chat-completions.ts';
import { asksLogprobs, forward, type Forwarded } from './forward.ts';
import { costOf } from './log-entry.ts';
import { eventsWithoutLogprobs, withoutLogprobs } from './strip-logprobs.ts';

/** How a cascade went. */
export interface Cascaded {
  /**
   * `kept`: the weak answer was sure enough; `escalated`: the strong model answers; `unknown`: the
   * weak model's upstream gave no log-probabilities, and its answer stands.
   */
  readonly result: 'kept' | 'escalated' | 'unknown';
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
 */
export async function cascade(
  exchange: Exchange,
  forwarded: Forwarded,
  settings: CascadeSettings,
  instanceId: string,
): Promise<AsyncGenerator<Buffer>> {
  const { decision, body, request, serving } = exchange;
  const asked = { ...exchange, firstLogprobs: settings.tokens };
  const answered = await forward(asked, forwarded, instanceId);
  const { answer, deployment } = forwarded;
  // Another group stood in for the weak one: there is nothing to escalate from.
  if (answer === null || deployment?.group !== decision.group) return answered;

  const { held, isOver, error } = await holdBack(answered, answer);
  const confidence = meanOf(answer.facts.logprobs);
  const isSure = error === null && (confidence === null || confidence >= settings.minConfidence);
  // The score alone no longer says how likely this tier was.
  const judged = confidence === null ? decision : { ...decision, propensity: null };
  if (isSure) {
    const result = confidence === null ? 'unknown' : 'kept';
    forwarded.cascade = { result, confidence, decision: judged, discardedCostNanoUsd: null };
    const relayed = resume(held, isOver ? null : answered);
    if (asksLogprobs(body)) return relayed;
    return strip(relayed, request.stream);
  }
  // A stream's call ends here; an answer in one piece is whole, and only its end is missing.
  if (!isOver) await (request.stream ? answered.return(undefined) : answered.next());
  const strong: Decision = {
    ...judged,
    ...{ tier: 'strong', group: serving.tierGroups.strong, reason: 'cascade', propensity: null },
    reasonDetail: error === null ? null : 'weak answer broke off',
  };
  forwarded.cascade = {
    ...{ result: 'escalated', confidence, decision: strong },
    discardedCostNanoUsd: costOf(request, deployment.price, answer.facts),
  };
  forwarded.answer = null;
  if (error !== null) forwarded.failed = { deployment, error };
  return forward({ ...exchange, decision: strong }, forwarded, instanceId);
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

async function* resume(
  held: readonly Buffer[],
  rest: AsyncGenerator<Buffer> | null,
): AsyncGenerator<Buffer> {
  try {
    yield* held;
    if (rest !== null) yield* rest;
  } finally {
    await rest?.return(undefined);
  }
}

async function* strip(body: AsyncGenerator<Buffer>, stream: boolean): AsyncGenerator<Buffer> {
  for await (const bytes of body) {
    yield stream
      ? eventsWithoutLogprobs(bytes)
      : Buffer.from(withoutLogprobs(bytes.toString('utf8')));
  }
}
