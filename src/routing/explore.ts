import type { Random } from '../math/random.ts';
import type { Tier } from './decision.ts';

/** A tier, and how likely it was to be chosen. */
export interface Draw {
  readonly tier: Tier;
  /** In (0, 1]: what inverse-propensity weights are made of. */
  readonly propensity: number;
}

/**
 * ε-greedy: with chance `share` the tier is drawn uniformly, so that both models are seen at every
 * score and what the other one would have done can be estimated without bias (Horvitz and
 * Thompson 1952; for logged decisions Dudík, Langford and Li 2011). A tier that the policy chooses
 * with probability p is then chosen with (1 - share) p + share / 2.
 *
 * @param policy the tier that the score says, and how likely it was (below 1 for a broken tie)
 * @param share 0..0.5; 0 never draws and asks for no randomness
 */
export function explore(policy: Draw, share: number, random: Random): Draw {
  if (share === 0) return policy;
  const isOther = random() < share / 2;
  const likely = isOther ? 1 - policy.propensity : policy.propensity;
  return {
    tier: isOther ? otherTier(policy.tier) : policy.tier,
    propensity: likely - share * (likely - 0.5),
  };
}

export function otherTier(tier: Tier): Tier {
  return tier === 'strong' ? 'weak' : 'strong';
}
