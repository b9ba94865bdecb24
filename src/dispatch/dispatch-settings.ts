import type { DispatchSettings } from './group.ts';

/** What holds when nothing is configured. */
export const defaultDispatchSettings: DispatchSettings = {
  routingStrategy: 'simple-shuffle',
  numRetries: null,
  retryAfterMs: 0,
  fallbacks: new Map(),
  contextWindowFallbacks: new Map(),
  contentPolicyFallbacks: new Map(),
  defaultFallbacks: [],
  maxFallbacks: 5,
  allowedFails: null,
  cooldownMs: 15_000,
  disableCooldowns: false,
  enablePreCallChecks: false,
};
