import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { EmbeddingError } from '../errors.ts';
import type { Random } from '../math/random.ts';
import { unscored, type Decision, type DecisionReason, type Tier } from './decision.ts';
import { explore } from './explore.ts';
import { inTime } from './in-time.ts';
import type { RequestedModel } from './model-name.ts';
import type { Router } from './router.ts';
import { compareScore, type Thresholds } from './thresholds.ts';

export interface DeciderOptions {
  readonly routers: ReadonlyMap<string, Router>;
  readonly thresholds: Thresholds;
  /** The groups that the tiers stand for. */
  readonly tierGroups: Readonly<Record<Tier, string>>;
  /** Who answers when the embedder fails or there is no text. */
  readonly defaultTier: Tier;
  readonly timeoutMs: number;
  /** Share of scored requests whose tier is drawn, 0..0.5. */
  readonly exploration: number;
  readonly random: Random;
  /** Told of every failed embedding; the request itself goes on. */
  readonly onEmbeddingFailed: (error: EmbeddingError) => void;
}

export type Decide = (
  requested: RequestedModel,
  text: string | null,
  signal: AbortSignal,
) => Promise<Decision>;

/**
 * score >= threshold goes to the strong model, but for the share that explores. A failing embedder
 * never fails the request: the default tier answers, with the reason in the decision. Rejects only
 * when `signal` aborts.
 */
export function createDecider(options: DeciderOptions): Decide {
  return async function decide(requested, text, signal) {
    const start = performance.now();
    const decided = (fields: Decided): Decision =>
      Object.freeze({
        id: `dec_${randomUUID()}`,
        ...unscored,
        text,
        decisionMs: performance.now() - start,
        group: fields.tier === 'none' ? '' : options.tierGroups[fields.tier],
        ...fields,
      });

    if (requested.kind === 'bypass') {
      return decided({ tier: requested.tier, reason: 'bypass' });
    }
    if (requested.kind === 'group') {
      return decided({ tier: 'none', reason: 'bypass', group: requested.group });
    }
    const router = options.routers.get(requested.router);
    if (router === undefined) throw new Error(`router ${requested.router} is not loaded`);
    const boundary =
      requested.threshold === null
        ? options.thresholds.current(router)
        : { threshold: requested.threshold };
    const { threshold } = boundary;
    const asked = { router: router.name, routerVersion: router.version, threshold };
    if (text === null) {
      return decided({ ...asked, tier: options.defaultTier, reason: 'no_text' });
    }
    try {
      const { winRate, embedding } =
        router.peek?.(text) ??
        (await inTime(
          (inner) => router.score(text, inner),
          signal,
          options.timeoutMs,
          () => scoringIsLate(options.timeoutMs),
        ));
      const compared = compareScore(winRate, boundary, options.random);
      const drawn = explore(compared, options.exploration, options.random);
      const reason = drawn.tier === compared.tier ? 'score' : 'exploration';
      const { threshold } = compared;
      return decided({ ...asked, threshold, ...drawn, reason, score: winRate, embedding });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EmbeddingError)) throw error;
      options.onEmbeddingFailed(error);
      return decided({ ...asked, tier: options.defaultTier, reason: 'embedding_failed' });
    }
  };
}

type Decided = Partial<Decision> & { tier: Decision['tier']; reason: DecisionReason };

/** For the log row of a request whose client left before it was decided. */
export function undecided(text: string | null, decisionMs: number): Decision {
  return {
    ...{ id: `dec_${randomUUID()}`, tier: 'none', group: '', reason: 'client_gone' },
    ...{ ...unscored, text, decisionMs },
  };
}

/** Why a score did not come. */
export function scoringIsLate(ms: number): EmbeddingError {
  return new EmbeddingError(`Scoring took longer than ${ms} ms (timeouts.decision).`);
}
