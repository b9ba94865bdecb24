import type { DispatchSettings, Group } from '../dispatch/group.ts';
import { ConfigError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { checkNames } from './check-names.ts';
import { checkGroupNames } from './check-group-names.ts';
import { createDeployment } from './create-deployment.ts';
import { createDispatch } from './create-dispatch.ts';
import { createMembers, type Member } from './create-members.ts';
import { withDefaults } from './deployment-defaults.ts';
import type { TierGroups } from './each-other.ts';
import { createFallbackTables, type FallbackNames } from './fallback-tables.ts';
import { mergeRouterSettings, type Locate } from './router-settings.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings } from './settings-schema.ts';
import { skipsInvalidDeployments } from './settings-source.ts';
import { tierChoice } from './tier-choice.ts';

/** What the dispatcher needs to know. */
export interface GroupSettings {
  readonly groups: readonly Group[];
  readonly tierGroups: TierGroups;
  readonly groupAliases: ReadonlyMap<string, string>;
  /** Groups and aliases that may be asked for and are not listed. */
  readonly hiddenNames: ReadonlySet<string>;
  readonly dispatch: DispatchSettings;
}

export interface CreatedGroups {
  /** Null when there are problems. */
  readonly settings: (GroupSettings & { strong: Deployment; weak: Deployment }) | null;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** The groups of `model_list`, the tiers among them or beside them, and how they stand in. */
export function createGroups(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  locate: Locate,
): CreatedGroups {
  const problems: string[] = [];
  const warnings: string[] = [];
  const merged = mergeRouterSettings(settings, locate);
  const { router } = merged;
  const waits = { router, headersMs: settings.timeouts?.headers ?? null };

  const listed = createMembers(settings.model_list ?? []);
  problems.push(...listed.problems);
  warnings.push(...listed.warnings);
  if (skipsInvalidDeployments(settings)) {
    warnings.push(...listed.invalid.map((line) => `left out of its group: ${line}`));
  } else problems.push(...listed.invalid);
  const members = listed.members.map(({ place, deployment }) => ({
    place,
    deployment: withDefaults(deployment, waits),
  }));
  const listGroups = groupMembers(members);

  const aliases = new Map<string, string>();
  for (const [name, { model }] of router.model_group_alias ?? []) aliases.set(name, model);
  const strongTier = tier('strong');
  const weakTier = tier('weak');
  if (strongTier === null || weakTier === null) return { settings: null, problems, warnings };
  const tierGroups = { strong: strongTier.group, weak: weakTier.group };
  const ownTiers = [strongTier, weakTier].filter(({ isOwn }) => isOwn).map((own) => own.first);

  const [unused] = (['base_url', 'api_key', 'api_key_env'] as const).filter(
    (key) => ownTiers.length === 0 && settings[key] !== undefined,
  );
  if (unused !== undefined) {
    problems.push(
      `${nameSetting(unused)} is for the models of the tiers, and both are groups of model_list: leave it out`,
    );
  }

  const groupAliases = new Map<string, string>();
  const groups = new Map<string, readonly Deployment[]>([
    ...ownTiers.map((own): [string, Deployment[]] => [own.group, [own]]),
    ...[...listGroups].map(([name, list]): [string, Deployment[]] => [
      name,
      list.map(({ deployment }) => deployment),
    ]),
  ]);
  const groupOfName = (name: string) =>
    groups.has(name) ? name : name === 'strong' || name === 'weak' ? tierGroups[name] : null;
  for (const [name, model] of aliases) {
    const group = groupOfName(model);
    if (group !== null) groupAliases.set(name, group);
    else {
      const place = merged.placeOf('model_group_alias', name);
      problems.push(`${place}: "${model}" is no group: ${hint(model)}`);
    }
  }
  problems.push(
    ...checkGroupNames({ ...{ members, ownTiers, tierGroups, groups, groupAliases }, merged }),
  );
  const names = checkNames(strongTier.first, weakTier.first, ownTiers);
  problems.push(...names.problems);
  warnings.push(...names.warnings);

  const byId = new Map(members.map(({ deployment }) => [deployment.id, deployment]));
  const idGroups = new Map<string, Group>();
  const groupOf = (name: string) => groupAliases.get(name) ?? groupOfName(name);
  const fallbackNames: FallbackNames = {
    ...{ groupOf, hint },
    targetOf(name) {
      const deployment = byId.get(name);
      const group = groupOf(name);
      if (group !== null || deployment === undefined) return group;
      idGroups.set(name, { name, deployments: [deployment] });
      return name;
    },
  };
  const tables = createFallbackTables(merged, fallbackNames);
  problems.push(...tables.problems);

  const all = [...ownTiers, ...members.map(({ deployment }) => deployment)];
  const hiddenAliases = [...(router.model_group_alias ?? [])].filter(([, { hidden }]) => hidden);
  return {
    settings: {
      strong: strongTier.first,
      weak: weakTier.first,
      groups: [
        ...[...groups].map(([name, deployments]) => ({ name, deployments })),
        ...idGroups.values(),
      ],
      ...{ tierGroups, groupAliases },
      hiddenNames: new Set([...hiddenAliases.map(([name]) => name), ...idGroups.keys()]),
      dispatch: createDispatch(router, tables, tierGroups, all),
    },
    problems,
    warnings,
  };

  function tier(which: 'strong' | 'weak') {
    try {
      const choice = tierChoice(which, settings, listGroups, aliases);
      if (choice.group !== null) return { group: choice.group, first: choice.first, isOwn: false };
      const own = withDefaults(createDeployment(which, settings, env), waits);
      return { group: own.group, first: own, isOwn: true };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(error.message);
      return null;
    }
  }

  function hint(name: string): string {
    const known = [...new Set([...groups.keys(), ...groupAliases.keys()])];
    const nearest = nearestName(name, known);
    return nearest === null ? `known groups: ${known.join(', ')}` : `did you mean "${nearest}"?`;
  }
}

function groupMembers(members: readonly Member[]): Map<string, Member[]> {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const { group } = member.deployment;
    groups.set(group, [...(groups.get(group) ?? []), member]);
  }
  return groups;
}
