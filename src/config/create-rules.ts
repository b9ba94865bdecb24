import { hashOfKey } from '../access/key-set.ts';
import { ConfigError } from '../errors.ts';
import type { Rule } from '../routing/rules.ts';
import type { Settings } from './settings-schema.ts';

export type RuleSettings = NonNullable<Settings['rules']>[number];

/** @throws ConfigError with the first rule that says nothing or has another one's name. */
export function createRules(settings: Settings): Rule[] {
  const names = new Set<string>();
  return (settings.rules ?? []).map((own, index) => {
    const { name } = own;
    if (name === undefined) throw new ConfigError(`rules[${index}].name is missing: give it`);
    if (names.has(name)) {
      throw new ConfigError(`rules[${index}].name "${name}" is another rule's: give each its own`);
    }
    names.add(name);
    return createRule(name, own, `rules[${index}] ("${name}")`);
  });
}

/** @throws ConfigError when rules keep requests where no model is. */
export function assertLocalTier(rules: readonly Rule[], isAnyTierLocal: boolean): void {
  const rule = rules.find(({ then }) => then.isLocalOnly);
  if (rule === undefined || isAnyTierLocal) return;
  throw new ConfigError(
    `the rule "${rule.name}" keeps requests on local deployments, and neither tier has one: add one, ` +
      `or set strong.local, weak.local or model_info.local where the base URL does not show it`,
  );
}

function createRule(name: string, { when = {}, then = {} }: RuleSettings, place: string): Rule {
  if (Object.values(when).every((value) => value === undefined)) {
    throw new ConfigError(`${place}.when is missing: give header, metadata, text, keys or private`);
  }
  if (Object.values(then).every((value) => value === undefined)) {
    throw new ConfigError(`${place}.then is missing: give tier, private or local_only`);
  }
  const headers = Object.entries(when.header ?? {});
  return {
    name,
    when: {
      headers: headers.map(([header, value]) => [header.toLowerCase(), value] as const),
      metadata: Object.entries(when.metadata ?? {}),
      text: when.text ?? null,
      keyHashes: when.keys === undefined ? null : new Set(when.keys.map(hashOfKey)),
      isPrivate: when.private === true,
    },
    then: {
      tier: then.tier ?? null,
      isPrivate: then.private === true,
      isLocalOnly: then.local_only === true,
    },
  };
}
