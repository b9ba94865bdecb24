import { withoutCredentials } from '../base-url.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { Config } from './config.ts';

type Described = Pick<
  Config,
  'strong' | 'weak' | 'groups' | 'tierGroups' | 'groupAliases' | 'hiddenNames'
>;

/** The tiers, then the groups of `model_list` with their members: one line each, without keys. */
export function describeGroups(config: Described): string[] {
  const { groups, tierGroups, groupAliases, hiddenNames } = config;
  const listed = groups.filter(
    ({ name, deployments }) => !hiddenNames.has(name) && !isOwnTier(name, deployments),
  );
  const tiers = (['strong', 'weak'] as const).map((tier) => {
    const isGroup = listed.some(({ name }) => name === tierGroups[tier]);
    return `${tier.padEnd(6)}  ${isGroup ? `group ${tierGroups[tier]}` : describe(config[tier])}`;
  });
  return [
    ...tiers,
    ...listed.flatMap(({ name, deployments }) => [
      `group ${name}${aliasesOf(name, groupAliases)}: ${count(deployments.length)}`,
      ...deployments.map((one) => `  ${one.id}  ${describe(one)}`),
    ]),
  ];
}

/** The same for machines: every group that can be called by name, and where its members are. */
export function groupsJson({ groups, hiddenNames }: Described) {
  return groups
    .filter(({ name }) => !hiddenNames.has(name))
    .map(({ name, deployments }) => ({
      name,
      deployments: deployments.map(({ id, model, baseUrl, apiKey }) => ({
        ...{ id, model, base_url: withoutCredentials(baseUrl), has_key: apiKey !== null },
      })),
    }));
}

/** A tier that is a deployment of its own has the tier's name as its id. */
function isOwnTier(name: string, deployments: readonly Deployment[]): boolean {
  return deployments.length === 1 && deployments[0]?.id === name && /^(strong|weak)$/.test(name);
}

function describe({ name, baseUrl, apiKey }: Deployment): string {
  return `${name} at ${withoutCredentials(baseUrl)}, ${apiKey === null ? 'without a key' : 'with a key'}`;
}

function aliasesOf(name: string, aliases: ReadonlyMap<string, string>): string {
  const own = [...aliases].filter(([, group]) => group === name).map(([alias]) => alias);
  return own.length === 0 ? '' : ` (also ${own.join(', ')})`;
}

function count(members: number): string {
  return `${members} ${members === 1 ? 'deployment' : 'deployments'}`;
}
