import type { Router } from '../routing/router.ts';

export interface ScorerRequest {
  /** Router name, such as `mf`. */
  readonly router: string;
  readonly strongModel: string;
  readonly weakModel: string;
}

/** A router for one pair of models, without a server around it. */
export interface Scorer {
  readonly router: Pick<
    Router,
    'name' | 'version' | 'defaultThreshold' | 'trafficScores' | 'score'
  >;
  /** Frees the embedder. */
  close(): Promise<void>;
}

/** @throws ConfigError for an unknown router, or models that it cannot place */
export type CreateScorer = (request: ScorerRequest) => Promise<Scorer>;

/** Prompts that are scored at the same time: enough to fill the embedder's batches. */
export const promptsInFlight = 32;
