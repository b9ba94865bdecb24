import type { GroupSettings } from '../../src/config/create-groups.ts';
import { eachOther } from '../../src/config/each-other.ts';
import { defaultDispatchSettings } from '../../src/dispatch/dispatch-settings.ts';
import type { Deployment } from '../../src/upstream/deployment.ts';

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
    hiddenNames: new Set(),
    dispatch: { ...defaultDispatchSettings, fallbacks: eachOther(tierGroups) },
  };
}
