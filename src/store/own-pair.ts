/*
 * Which comparisons say something of a request. `label` may compare any two models on any log: what it
 * found of others than those that answered there is no evidence on the pair that the log is of.
 */

const named = (tier: 'strong' | 'weak', model: string) =>
  `select 1 from request n where n.router = r.router and n.router_version = r.router_version
     and n.tier = '${tier}' and n.score is not null and n.fallbacks = 0 and n.upstream_model ${model}`;

const isNamed = (tier: 'strong' | 'weak', model: string) =>
  `(exists (${named(tier, `= ${model}`)}) or not exists (${named(tier, `> ''`)}))`;

/**
 * SQL: whether both models are among those that answered for their tiers in the router version of
 * request `r`, fallbacks aside. A tier that has not answered yet may be any model.
 */
export const namesOwnPair = (strongModel: string, weakModel: string) =>
  `(${isNamed('strong', strongModel)} and ${isNamed('weak', weakModel)})`;

/** SQL: whether comparison `c` is of request `r`'s own pair. What was compared beside live traffic is. */
export const isOfOwnPair = `(c.origin = 'shadow' or ${namesOwnPair('c.strong_model', 'c.weak_model')})`;
