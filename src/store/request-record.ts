import type { ActiveHead } from './applied-head.ts';
import type { Comparison, Evidence, ShadowPast, ShadowSince, Signal } from './evidence.ts';

/** One row of the log: a request, how it was decided and how it went. */
export interface RequestRecord {
  readonly decisionId: string;
  readonly requestId: string;
  /** Arrival, milliseconds since the epoch. */
  readonly startedAtMs: number;
  readonly endpoint: string;
  readonly router: string | null;
  readonly routerVersion: string | null;
  readonly score: number | null;
  readonly threshold: number | null;
  readonly tier: 'strong' | 'weak' | 'none';
  readonly reason: string;
  /** The `model` of the request. */
  readonly requestedModel: string;
  /** The model that the upstream says it is; null when none answered. */
  readonly answeredModel: string | null;
  /** The deployment's model id, as sent. */
  readonly upstreamModel: string;
  /** URL without credentials and query. */
  readonly upstreamUrl: string;
  /** HTTP status sent to the client; 499 when the client left. */
  readonly status: number;
  readonly stream: boolean;
  /** How a stream or body ended. */
  readonly outcome: 'done' | 'truncated' | 'client_abort' | 'upstream_error';
  readonly errorCode: string | null;
  readonly finishReason: string | null;
  readonly promptTokens: number | null;
  /** Of the prompt's, those that the upstream had cached; null when it did not say. */
  readonly cachedTokens: number | null;
  readonly completionTokens: number | null;
  /** True when the counts are our estimate because the upstream gave none. */
  readonly usageEstimated: boolean;
  /** Upstream calls sent. */
  readonly attempts: number;
  /** Groups left behind; over 0 another group than the decided one answered, or none. */
  readonly fallbacks: number;
  /** The calls that failed before the last one, and why, in order; null when there were none. */
  readonly failedCalls: string | null;
  /** Deployment of the last call; null when none was sent. */
  readonly deploymentId: string | null;
  /** Whole request. */
  readonly durationMs: number;
  /** To the first byte of the answer's body; null when there was none. */
  readonly ttftMs: number | null;
  /** Our own share before the upstream was called. */
  readonly decisionMs: number;
  /** 1e-9 US dollars; null when no price is configured. */
  readonly costNanoUsd: number | null;
  /** The scored text; null unless `log_prompts` is `full`. */
  readonly promptText: string | null;
  /** SHA-256 of the scored text in hex; null when `log_prompts` is `none`. */
  readonly promptHash: string | null;
  readonly embedderId: string | null;
  /** The sentence vector, so that heads can be refitted; null when nothing was embedded. */
  readonly embedding: Float32Array | null;
  readonly clientRetryCount: number | null;
  /** The rule, guard or session behind `reason`; null where the reason says all. */
  readonly reasonDetail: string | null;
  /**
   * How likely this tier was to be chosen for this request, in (0, 1]; below 1 only with an
   * exploration share. Null when no score decided. What inverse-propensity weights are made of.
   */
  readonly propensity: number | null;
  /** UTF-16 units of the scored text; null when there was none. Kept for the length floor. */
  readonly promptChars: number | null;
  /** Names the conversation, hashed; null when it has no name. */
  readonly sessionHash: string | null;
  /** True when a rule or the client marked it: it is never shown to a judge or another model. */
  readonly isPrivate: boolean;
  /** Mean token log-probability of the weak answer in a cascade; null without one. */
  readonly confidence: number | null;
  /** What answers cost that the client never saw; null when there were none, or no price. */
  readonly discardedCostNanoUsd: number | null;
}

export interface Feedback {
  readonly decisionId: string;
  /** Who says so: `user`, `judge`, a program's name; one value per decision and source. */
  readonly source: string;
  /** How good the answer was, 0..1. */
  readonly value: number;
  readonly comment: string | null;
}

export interface StoredFeedback extends Feedback {
  /** ISO 8601, UTC. */
  readonly createdAtUtc: string;
  readonly updatedAtUtc: string;
}

/** A threshold that `calibrate --apply` put into the database. */
export interface AppliedThreshold {
  readonly router: string;
  readonly routerVersion: string;
  readonly threshold: number;
  /** Wanted share of strong calls, 0..1. */
  readonly strongShare: number;
  /** Scores behind it. */
  readonly prompts: number;
  /** What was asked for: `strong_share`, `quality`, `cost`; `dashboard`: that very threshold. */
  readonly goal: string;
  /**
   * The 11 quantiles 0, 0.1 … 1 of the scores it was found from, ascending: what drift is measured
   * against. Null in rows of older versions.
   */
  readonly scoreDeciles: readonly number[] | null;
  readonly appliedAtUtc: string;
}

export interface LoggedScoresQuestion {
  readonly router: string;
  readonly routerVersion: string;
  /** ISO 8601, UTC: `all` holds later scores only; null: whenever they were. */
  readonly sinceUtc: string | null;
  /** Values of `requested_model` that leave the threshold to the server. */
  readonly followedModels: readonly string[];
  /** The most of either list. */
  readonly newest: number;
}

/** Oldest first. */
export interface LoggedScores {
  readonly all: readonly number[];
  /**
   * Of `followedModels`, whenever they were; the score is Infinity where a conversation was strong
   * whatever it was.
   */
  readonly followed: readonly { readonly score: number; readonly tier: 'strong' | 'weak' }[];
}

export interface LogState {
  /** Rows that wait for the database, those included that the writer has not confirmed yet. */
  readonly queued: number;
  readonly written: number;
  /** Rows lost: no room, too old when writing worked again, or refused by the database. */
  readonly dropped: number;
  /** Why rows cannot be written now; null when all is well. */
  readonly failure: string | null;
}

/** The server's door to the database. All SQL runs in a worker thread; nothing here blocks. */
export interface RequestLog {
  /** Queues a row. Never throws; over the bound the row is dropped and counted. */
  append(record: RequestRecord): void;
  /** Queues what was found of a request whose row has been queued before; as `append`. */
  appendSignal(signal: Signal): void;
  appendComparison(comparison: Comparison): void;
  /**
   * Idempotent by decision and source (the last value stays); false for an unknown decision. One
   * whose row is still queued is known.
   * @throws LogUnavailableError (503) when the database does not answer in time
   */
  recordFeedback(feedback: Feedback): Promise<boolean>;
  /**
   * Null for an unknown decision; empty lists for one of which nothing is known.
   * @throws LogUnavailableError (503)
   */
  evidenceOf(decisionId: string): Promise<Evidence | null>;
  /**
   * What shadow comparisons took before now.
   * @throws LogUnavailableError (503)
   */
  shadowPast(since: ShadowSince): Promise<ShadowPast>;
  /**
   * Latest applied threshold of a router version; null when there is none.
   * @throws LogUnavailableError (503)
   */
  appliedThreshold(router: string, routerVersion: string): Promise<AppliedThreshold | null>;
  /**
   * The newest scores of a router version, for a server that starts.
   * @throws LogUnavailableError (503)
   */
  loggedScores(question: LoggedScoresQuestion): Promise<LoggedScores>;
  /**
   * Stores a threshold as `calibrate --apply` does. It is reported to the listeners below before this
   * resolves.
   * @throws LogUnavailableError (503)
   */
  applyThreshold(applied: Omit<AppliedThreshold, 'appliedAtUtc'>): Promise<void>;
  /**
   * Called for every threshold applied since the log was opened. A listener
   * that does not use it (another router or version) returns false; else the row is marked as
   * taken up, and `calibrate --apply` tells its user so.
   */
  onThresholdApplied(listener: (applied: AppliedThreshold) => boolean | void): void;
  /** Deletes requests older than this, now and once an hour from now on; null keeps all. */
  keep(days: number | null): void;
  /**
   * The local head in force for a router version; null when there is none.
   * @throws LogUnavailableError (503)
   */
  activeHead(router: string, baseVersion: string): Promise<ActiveHead | null>;
  /** Called when another process applied or withdrew a head, and once at the beginning. */
  onHeadsChanged(listener: () => void): void;
  /** Says in the head's row that it is in use. */
  headTakenUp(id: number): void;
  state(): LogState;
  /** Resolves when all rows appended so far are on disk (or were dropped). */
  flush(): Promise<void>;
  /** Flushes with a bounded wait, then ends the writer; rows that come later are dropped. */
  close(): Promise<void>;
}
