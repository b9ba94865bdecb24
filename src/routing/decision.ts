import type { Demands } from '../demands.ts';

export type Tier = 'strong' | 'weak';

/**
 * Why the tier was decided, the one that counts first: the client named a tier or model itself
 * (`bypass`); the other tier cannot answer (`guard`); the operator said so (`rule`); a tool spoke
 * last, so the model that called it goes on (`tool_turn`); the conversation was sent up before
 * (`session`); by the score; against the score, to learn how the other model does
 * (`exploration`); strong in place of a weak answer that was not sure of itself (`cascade`); the
 * default tier because the embedder failed or there was no text to score; not at all, because the
 * client left before (`client_gone`).
 */
export type DecisionReason =
  | 'bypass'
  | 'guard'
  | 'rule'
  | 'tool_turn'
  | 'session'
  | 'score'
  | 'exploration'
  | 'cascade'
  | 'embedding_failed'
  | 'no_text'
  | 'client_gone';

/** Made once per request, never changed, passed on and logged whole. */
export interface Decision {
  /** Names the decision in headers, the log and feedback. */
  readonly id: string;
  /** `none`: the client named another model than the two. */
  readonly tier: Tier | 'none';
  /** The group of deployments that is asked first. */
  readonly group: string;
  readonly reason: DecisionReason;
  /** Null when no router was asked. */
  readonly router: string | null;
  readonly routerVersion: string | null;
  /** Win rate, 0..1; null when nothing was scored. */
  readonly score: number | null;
  readonly threshold: number | null;
  /** Names the rule or guard, or the decision that is followed; null where the reason says all. */
  readonly reasonDetail: string | null;
  /**
   * How likely this tier was to be chosen for this request, in (0, 1]; null when no score decided.
   */
  readonly propensity: number | null;
  /** Names the conversation, hashed; null when it has no name. */
  readonly sessionHash: string | null;
  /** A rule or the client marked the request: no other model and no judge may see it. */
  readonly isPrivate: boolean;
  /** What the deployment that answers must be able to do. */
  readonly demands: Demands;
  /** The text that was scored, or would have been; null for a tool turn. */
  readonly text: string | null;
  readonly embedding: Float32Array | null;
  /** Time to decide, embedding included, in milliseconds. */
  readonly decisionMs: number;
}

/** What a decision says that no router was asked for. */
export const unscored = {
  router: null,
  routerVersion: null,
  score: null,
  threshold: null,
  reasonDetail: null,
  propensity: null,
  sessionHash: null,
  isPrivate: false,
  demands: { promptTokens: 0, needs: [], isLocalOnly: false },
  embedding: null,
} as const satisfies Partial<Decision>;
