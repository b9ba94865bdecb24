import type { Deployment } from '../upstream/deployment.ts';
import { isReservedName, namesOf } from './check-names.ts';
import type { Member } from './create-members.ts';
import type { TierGroups } from './each-other.ts';
import type { MergedRouterSettings } from './router-settings.ts';

export interface NamedParts {
  readonly members: readonly Member[];
  /** The tiers that are deployments of their own. */
  readonly ownTiers: readonly Deployment[];
  readonly tierGroups: TierGroups;
  readonly groups: ReadonlyMap<string, readonly Deployment[]>;
  readonly groupAliases: ReadonlyMap<string, string>;
  readonly merged: MergedRouterSettings;
}

/** A name must mean one thing to a client, a fallback list and the log. One line for each clash. */
export function checkGroupNames(parts: NamedParts): string[] {
  return [...groupClashes(parts), ...aliasClashes(parts), ...idClashes(parts), ...tierClash(parts)];
}

function groupClashes({ members, ownTiers, tierGroups }: NamedParts): string[] {
  const firsts = members.filter(
    ({ deployment }, index) =>
      members.findIndex((other) => other.deployment.group === deployment.group) === index,
  );
  return firsts.flatMap(({ place, deployment: { group } }) => {
    const isItsTier = (group === 'strong' || group === 'weak') && tierGroups[group] === group;
    const isTaken = isReservedName(group) && !isItsTier;
    const isOwnTier = ownTiers.some((own) => own.group === group);
    if (isTaken || isOwnTier) {
      return [`${place}: model_name "${group}" already means ${meaningOf(group)}: take another`];
    }
    const tier = ownTiers.find((own) => namesOf(own).includes(group));
    if (tier === undefined) return [];
    return [
      `${place}: model_name "${group}" is also a name of ${tier.id}.model "${tier.name}": ` +
        `name another, or write ${tier.id}: { model: ${group} } to make the group the tier`,
    ];
  });
}

function aliasClashes({ merged, groups, ownTiers, members }: NamedParts): string[] {
  const names = [...(merged.router.model_group_alias?.keys() ?? [])];
  return names.flatMap((name) => {
    const place = merged.placeOf('model_group_alias', name);
    if (isReservedName(name)) return [`${place} already means ${meaningOf(name)}: take another`];
    if (groups.has(name)) {
      const first = members.find(({ deployment }) => deployment.group === name);
      return [`${place} is also the model_name of ${first?.place ?? name}: take another`];
    }
    const tier = ownTiers.find((own) => namesOf(own).includes(name));
    return tier === undefined
      ? []
      : [`${place} is also a name of ${tier.id}.model "${tier.name}": take another`];
  });
}

/** An id may be the name of its own group when it is alone there. */
function idClashes({ members, groups, groupAliases }: NamedParts): string[] {
  return members.flatMap(({ place, deployment }) => {
    const { id } = deployment;
    if (isReservedName(id)) {
      return [`${place}: model_info.id "${id}" already means ${meaningOf(id)}: take another`];
    }
    const group = groups.get(id);
    const isAlone = group?.length === 1 && group[0] === deployment;
    if ((group === undefined || isAlone) && !groupAliases.has(id)) return [];
    const what = groupAliases.has(id) ? 'an alias' : 'a group';
    const other = members.find((member) => member.deployment.group === id);
    return [
      `${place}: model_info.id "${id}" is also the name of ${what}${other === undefined ? '' : ` (${other.place})`}: take another`,
    ];
  });
}

/** Routing between two tiers that are one would cost a decision and change nothing. */
function tierClash({ tierGroups: { strong, weak }, groups }: NamedParts): string[] {
  if (strong === weak) {
    return [`strong.model and weak.model are the same group "${strong}": name two different ones`];
  }
  return (groups.get(strong) ?? [])
    .filter((deployment) => groups.get(weak)?.includes(deployment))
    .map(({ id }) => `the deployment ${id} is in both tiers: take it out of one`);
}

function meaningOf(name: string): string {
  return name === 'strong' || name === 'weak' ? `the ${name} tier` : 'a router';
}
