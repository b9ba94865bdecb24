import type { Ability, Demands } from '../demands.ts';
import type { Tier } from './decision.ts';
import { otherTier } from './explore.ts';

/** Whether some deployment of a tier may and can answer: the dispatcher's own check. */
export type Fits = (tier: Tier, demands: Demands) => boolean;

/** What rules a tier out: the prompt's length, what it needs, or where it may go. */
export type Guard = 'context_window' | 'local_only' | Ability;

export interface Guarded {
  readonly tier: Tier;
  /** Why not the other one. */
  readonly guard: Guard;
}

/**
 * The tier that must answer because the other one cannot. Null where both can, and where neither
 * can: then the dispatcher says so, or finds a fallback that can.
 */
export function guard(demands: Demands, fits: Fits): Guarded | null {
  const tiers = (['strong', 'weak'] as const).filter((tier) => fits(tier, demands));
  const [tier] = tiers;
  if (tier === undefined || tiers.length > 1) return null;
  return { tier, guard: whyNot(otherTier(tier), demands, fits) };
}

/** The first demand that the tier fails at by itself. */
function whyNot(tier: Tier, { promptTokens, needs, isLocalOnly }: Demands, fits: Fits): Guard {
  const nothing: Demands = { promptTokens: 0, needs: [], isLocalOnly: false };
  if (isLocalOnly && !fits(tier, { ...nothing, isLocalOnly })) return 'local_only';
  const lacking = needs.find((need) => !fits(tier, { ...nothing, needs: [need] }));
  if (lacking !== undefined) return lacking;
  if (!fits(tier, { ...nothing, promptTokens })) return 'context_window';
  // Each by itself is met by some deployment, and all together by none.
  return isLocalOnly ? 'local_only' : (needs[0] ?? 'context_window');
}
