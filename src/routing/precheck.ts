import type { Ability, Demands } from '../demands.ts';
import type { Tier } from './decision.ts';
import { guard, type Fits, type Guarded } from './guards.ts';
import { applyRules, type Rule, type RuledRequest } from './rules.ts';

export interface PrecheckOptions {
  readonly rules: readonly Rule[];
  readonly fits: Fits;
}

export interface CheckedRequest extends RuledRequest {
  /** Estimated. */
  readonly promptTokens: number;
  readonly needs: readonly Ability[];
}

/** What is certain before any score. */
export interface Precheck {
  readonly isPrivate: boolean;
  readonly demands: Demands;
  /** Null: the score may decide. */
  readonly forced: {
    readonly tier: Tier;
    readonly reason: 'guard' | 'rule';
    readonly reasonDetail: string;
  } | null;
}

/** Guards come before rules that name a tier: what a model cannot do, no rule makes it do. */
export function precheck(request: CheckedRequest, { rules, fits }: PrecheckOptions): Precheck {
  const { isPrivate, localOnlyRule, tier: ruled } = applyRules(rules, request);
  const { promptTokens, needs } = request;
  const demands = { promptTokens, needs, isLocalOnly: localOnlyRule !== null };
  // Where it may go comes first: a local tier that cannot answer says so, rather than another one.
  const guarded = guardPlace(demands, fits) ?? guard(demands, fits);
  if (guarded !== null) {
    const byRule = guarded.guard === 'local_only' ? localOnlyRule : null;
    const why = byRule === null ? guardReason(guarded.guard) : ruleReason(byRule);
    return { isPrivate, demands, forced: { tier: guarded.tier, ...why } };
  }
  const forced = ruled === null ? null : { tier: ruled.tier, ...ruleReason(ruled.rule) };
  return { isPrivate, demands, forced };
}

function guardPlace({ isLocalOnly }: Demands, fits: Fits): Guarded | null {
  return isLocalOnly ? guard({ promptTokens: 0, needs: [], isLocalOnly }, fits) : null;
}

function guardReason(reasonDetail: string) {
  return { reason: 'guard', reasonDetail } as const;
}

function ruleReason(reasonDetail: string) {
  return { reason: 'rule', reasonDetail } as const;
}
