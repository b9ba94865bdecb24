import { performance } from 'node:perf_hooks';
import type { CancelSignal } from '../cancellation.ts';
import { EmbeddingError } from '../errors.ts';
import type { Random } from '../math/random.ts';
import { newDecisionId } from './decision-id.ts';
import { unscored, type Decision, type DecisionReason, type Tier } from './decision.ts';
import { explore, type Draw } from './explore.ts';
import { inTime } from './in-time.ts';
import type { RequestedModel } from './model-name.ts';
import { precheck, type CheckedRequest, type PrecheckOptions } from './precheck.ts';
import type { PromptScore, Router } from './router.ts';
import type { Session, SessionClue, Sessions } from './sessions.ts';
import { compareScore, type Thresholds } from './thresholds.ts';

export interface DeciderOptions {
  readonly routers: ReadonlyMap<string, Router>;
  readonly thresholds: Thresholds;
  /** The groups that the tiers stand for. */
  readonly tierGroups: Readonly<Record<Tier, string>>;
  /** Who answers when the embedder fails or there is no text. */
  readonly defaultTier: Tier;
  readonly timeoutMs: number;
  /** The operator's rules, and what the tiers' deployments can do. */
  readonly precheck: PrecheckOptions;
  readonly sessions: Sessions;
  /** Routers that show the text to another machine: private requests are not scored by them. */
  readonly outsideRouters: ReadonlySet<string>;
  /** Share of scored requests whose tier is drawn, 0..0.5. */
  readonly exploration: number;
  readonly random: Random;
  /** Told of every failed embedding; the request itself goes on. */
  readonly onEmbeddingFailed: (error: EmbeddingError) => void;
}

/** What a decision is made from. */
export interface RequestFacts extends CheckedRequest {
  /** What is scored; null when there is no text. */
  readonly text: string | null;
  readonly session: SessionClue;
  /** A tool spoke last: the model that called it goes on. */
  readonly isToolTurn: boolean;
}

export type Decide = (
  requested: RequestedModel,
  facts: RequestFacts,
  signal: CancelSignal,
) => Promise<Decision>;

/**
 * Guards and rules come before any score, then the conversation: a tool turn repeats what was
 * decided for its user turn, and a conversation that a score sent up stays strong. Else score >=
 * threshold goes to the strong model, but for the share that explores. A failing embedder never
 * fails the request: the default tier answers, with the reason in the decision. Rejects only when
 * `signal` aborts.
 */
export function createDecider(options: DeciderOptions): Decide {
  return async function decide(requested, facts, signal) {
    const start = performance.now();
    const place = options.sessions.place(facts.session, facts.keyHash);
    const { known } = place;
    const { isPrivate, demands, forced } = precheckOf(facts, known, options.precheck);
    const given = { sessionHash: place.hash, isPrivate, demands, text: facts.text };
    const decided = (fields: Decided): Decision =>
      Object.freeze({
        id: newDecisionId(),
        ...unscored,
        ...given,
        decisionMs: performance.now() - start,
        group: fields.tier === 'none' ? '' : options.tierGroups[fields.tier],
        ...fields,
      });
    /** A decision that the conversation remembers. */
    const noted = (fields: Decided & { tier: Tier }, isSentUp = false): Decision => {
      const decision = decided(fields);
      const { id } = decision;
      const escalatedBy = isSentUp ? id : null;
      place.note({ escalatedBy, isPrivate, last: { decision: id, tier: fields.tier } });
      return decision;
    };

    // Also where nothing is decided here.
    if (isPrivate) place.note({ escalatedBy: null, isPrivate, last: null });
    if (requested.kind === 'bypass') {
      return decided({ tier: requested.tier, reason: 'bypass' });
    }
    if (requested.kind === 'group') {
      return decided({ tier: 'none', reason: 'bypass', group: requested.group });
    }
    const router = options.routers.get(requested.router);
    if (router === undefined) throw new Error(`router ${requested.router} is not loaded`);
    if (forced !== null) return noted(forced);
    if (facts.isToolTurn && known?.last) {
      const { tier, decision: reasonDetail } = known.last;
      return decided({ tier, reason: 'tool_turn', reasonDetail, text: null });
    }
    const boundary =
      requested.threshold === null
        ? options.thresholds.current(router)
        : { threshold: requested.threshold };
    const asked = { router: router.name, routerVersion: router.version };
    const sentUp =
      known === null || known.escalatedBy === null
        ? null
        : ({ tier: 'strong', reason: 'session', reasonDetail: known.escalatedBy } as const);
    const unscorable = (reason: DecisionReason, reasonDetail: string | null = null) => {
      const { threshold } = boundary;
      const byDefault = { tier: options.defaultTier, reason, reasonDetail };
      return noted({ threshold, ...asked, ...(sentUp ?? byDefault) });
    };
    if (facts.text === null) return unscorable('no_text');
    if (isPrivate && options.outsideRouters.has(router.name)) return unscorable('guard', 'private');
    try {
      const { winRate, embedding } = await scoreInTime(
        router,
        facts.text,
        signal,
        options.timeoutMs,
      );
      const { threshold, ...policy } = compareScore(winRate, boundary, options.random);
      const chosen = choose(policy, sentUp, isPrivate, options);
      const scored = { score: winRate, embedding, threshold, ...asked, ...chosen };
      return noted(scored, policy.tier === 'strong');
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EmbeddingError)) throw error;
      options.onEmbeddingFailed(error);
      return unscorable('embedding_failed');
    }
  };
}

/** What a score leads to. Chance has no say in a conversation that was sent up, or is private. */
function choose(
  policy: Draw,
  sentUp: (Decided & { tier: 'strong' }) | null,
  isPrivate: boolean,
  { exploration, random }: DeciderOptions,
): Decided & { tier: Tier } {
  const byScore = { reason: 'score', ...policy } as const;
  if (sentUp !== null) {
    const chosen = policy.tier === 'strong' ? byScore : sentUp;
    return { ...chosen, propensity: isPrivate ? null : 1 };
  }
  if (isPrivate) return { ...byScore, propensity: null };
  const drawn = explore(policy, exploration, random);
  return { reason: drawn.tier === policy.tier ? 'score' : 'exploration', ...drawn };
}

/** A conversation that was private stays so: its first words are sent again with each turn. */
function precheckOf(facts: RequestFacts, known: Session | null, options: PrecheckOptions) {
  if (known?.isPrivate !== true || facts.isPrivate) return precheck(facts, options);
  return precheck({ ...facts, isPrivate: true }, options);
}

async function scoreInTime(
  router: Router,
  text: string,
  signal: CancelSignal,
  timeoutMs: number,
): Promise<PromptScore> {
  const known = router.peek?.(text);
  if (known) return known;
  const late = () => scoringIsLate(timeoutMs);
  return inTime((inner) => router.score(text, inner), signal, timeoutMs, late);
}

type Decided = Partial<Decision> & { tier: Decision['tier']; reason: DecisionReason };

/** For the log row of a request whose client left before it was decided. */
export function undecided(text: string | null, isPrivate: boolean, decisionMs: number): Decision {
  return {
    ...{ id: newDecisionId(), tier: 'none', group: '', reason: 'client_gone' },
    ...{ ...unscored, text, isPrivate, decisionMs },
  };
}

/** Why a score did not come. */
export function scoringIsLate(ms: number): EmbeddingError {
  return new EmbeddingError(`Scoring took longer than ${ms} ms (timeouts.decision).`);
}
