import { defaultDispatchSettings } from '../dispatch/dispatch-settings.ts';
import type { DispatchSettings } from '../dispatch/group.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { eachOther, type TierGroups } from './each-other.ts';
import type { FallbackTables } from './fallback-tables.ts';
import type { RouterSettings } from './litellm-schema.ts';

export function createDispatch(
  router: RouterSettings,
  tables: FallbackTables,
  tierGroups: TierGroups,
  deployments: readonly Deployment[],
): DispatchSettings {
  const base = defaultDispatchSettings;
  return {
    routingStrategy: router.routing_strategy ?? base.routingStrategy,
    numRetries: router.num_retries ?? base.numRetries,
    retryAfterMs: router.retry_after ?? base.retryAfterMs,
    ...withTierFallbacks(router, tables, tierGroups),
    contentPolicyFallbacks: tables.contentPolicyFallbacks,
    defaultFallbacks: tables.defaultFallbacks,
    maxFallbacks: router.max_fallbacks ?? base.maxFallbacks,
    allowedFails: router.allowed_fails ?? base.allowedFails,
    cooldownMs: router.cooldown_time ?? base.cooldownMs,
    disableCooldowns: router.disable_cooldowns ?? base.disableCooldowns,
    enablePreCallChecks:
      router.enable_pre_call_checks ??
      deployments.some(({ maxInputTokens }) => maxInputTokens !== null),
  };
}

/**
 * The tiers stand in for each other where nothing else is said: each that has no fallbacks of its
 * own has the other, and a prompt that is too long for one goes to the other first. An empty list
 * turns that off.
 */
function withTierFallbacks(
  router: RouterSettings,
  { fallbacks, contextWindowFallbacks }: FallbackTables,
  tierGroups: TierGroups,
): Pick<DispatchSettings, 'fallbacks' | 'contextWindowFallbacks'> {
  const isOff = router.fallbacks?.length === 0;
  const isContextOff = isOff || router.context_window_fallbacks?.length === 0;
  const byFailure = new Map(fallbacks);
  const byContext = new Map(contextWindowFallbacks);
  for (const [tier, others] of eachOther(tierGroups)) {
    const own = fallbacks.get(tier);
    if (own === undefined && !isOff) byFailure.set(tier, others);
    if (own !== undefined && !byContext.has(tier) && !isContextOff) {
      byContext.set(tier, [...new Set([...others, ...own])]);
    }
  }
  return { fallbacks: byFailure, contextWindowFallbacks: byContext };
}
