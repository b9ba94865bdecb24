import { defaultDispatchSettings } from '../dispatch/dispatch-settings.ts';
import type { DispatchSettings, Group } from '../dispatch/group.ts';
import type { Deployment } from '../upstream/deployment.ts';

/** What the dispatcher needs to know. */
export interface GroupSettings {
  readonly groups: readonly Group[];
  readonly tierGroups: { readonly strong: string; readonly weak: string };
  readonly groupAliases: ReadonlyMap<string, string>;
  readonly dispatch: DispatchSettings;
}

/** Two models and nothing more: each is a group of one, and stands in when the other fails. */
export function groupsOfTwo(strong: Deployment, weak: Deployment): GroupSettings {
  const tierGroups = { strong: strong.group, weak: weak.group };
  return {
    groups: [strong, weak].map((deployment) => ({
      name: deployment.group,
      deployments: [deployment],
    })),
    tierGroups,
    groupAliases: new Map(),
    dispatch: { ...defaultDispatchSettings, fallbacks: eachOther(tierGroups) },
  };
}

/** The fallbacks when none are configured. */
export function eachOther({ strong, weak }: GroupSettings['tierGroups']): Map<string, string[]> {
  return new Map([
    [strong, [weak]],
    [weak, [strong]],
  ]);
}
