import { ConfigError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { Member } from './create-members.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings } from './settings-schema.ts';

export type TierChoice =
  { readonly group: string; readonly first: Deployment } | { readonly group: null };

/** What a tier says about a group; all else belongs to one deployment. */
const keysOfGroups = ['model', 'profile'];

/**
 * A tier that names a group, or an alias of one, is that group; any other model string is a
 * deployment of the tier's own.
 *
 * @throws ConfigError when it says more than a group can take
 */
export function tierChoice(
  tier: 'strong' | 'weak',
  settings: Settings,
  groups: ReadonlyMap<string, readonly Member[]>,
  aliases: ReadonlyMap<string, string>,
): TierChoice {
  const own = settings[tier] ?? {};
  const name = own.model ?? '';
  const group = groups.has(name) ? name : (aliases.get(name) ?? name);
  const [first] = groups.get(group) ?? [];
  if (first === undefined) return { group: null };
  const extra = Object.keys(own).find((key) => !keysOfGroups.includes(key));
  if (extra === undefined) return { group, first: first.deployment };
  throw new ConfigError(
    `${nameSetting(`${tier}.${extra}`)} is for a model of its own, but ${tier}.model "${name}" is a ` +
      `group of model_list: say it in litellm_params there, or leave it out`,
  );
}

/**
 * Groups that are called `strong` and `weak` are the tiers, where the tiers say nothing else.
 * The first deployment's model is the one that scores are about.
 */
export function withTierGroups(settings: Settings): Settings {
  const { model_list: list = [] } = settings;
  const isGroup = (name: string) => list.some((entry) => entry.settings.model_name === name);
  const [strong, weak] = (['strong', 'weak'] as const).map((tier) =>
    settings[tier]?.model === undefined && isGroup(tier)
      ? { [tier]: { ...settings[tier], model: tier } }
      : {},
  );
  return { ...settings, ...strong, ...weak };
}

/** The settings with each tier's group replaced by the model string of its first deployment. */
export function withScoredModels(settings: Settings): Settings {
  const { model_list: list = [], router_settings: router, litellm_settings: litellm } = settings;
  const aliases = router?.model_group_alias ?? litellm?.model_group_alias;
  const modelOf = (name: string) =>
    list.find((entry) => entry.settings.model_name === name)?.settings.litellm_params.model;
  const tiers = (['strong', 'weak'] as const).flatMap((tier) => {
    const name = settings[tier]?.model;
    if (name === undefined) return [];
    const model = modelOf(name) ?? modelOf(aliases?.get(name)?.model ?? '') ?? name;
    return [[tier, { ...settings[tier], model }] as const];
  });
  return { ...settings, ...Object.fromEntries(tiers) };
}
