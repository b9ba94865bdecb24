import type { Deployment } from '../upstream/deployment.ts';

export type RoutingStrategy = 'simple-shuffle' | 'least-busy';

/** Deployments that answer to one name. */
export interface Group {
  readonly name: string;
  readonly deployments: readonly Deployment[];
}

/** LiteLLM's `router_settings`, with its names; times in milliseconds. */
export interface DispatchSettings {
  readonly routingStrategy: RoutingStrategy;
  /** Calls after the first, per group; null: one, where another deployment or no fallback is left. */
  readonly numRetries: number | null;
  /** Least wait between two attempts. */
  readonly retryAfterMs: number;
  /** Group -> the groups to try when it fails. */
  readonly fallbacks: FallbackTable;
  readonly contextWindowFallbacks: FallbackTable;
  readonly contentPolicyFallbacks: FallbackTable;
  /** Tried for every group when its own are used up. */
  readonly defaultFallbacks: readonly string[];
  /** Bound on the whole walk. */
  readonly maxFallbacks: number;
  /** Failures within a minute that are still allowed; null: the breaker's own rule. */
  readonly allowedFails: number | null;
  readonly cooldownMs: number;
  readonly disableCooldowns: boolean;
  /** Leave out deployments whose context window is too small, before any call. */
  readonly enablePreCallChecks: boolean;
}

export type FallbackTable = ReadonlyMap<string, readonly string[]>;
