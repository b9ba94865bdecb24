import type { Config } from '../../src/config/config.ts';
import type { DispatchSettings } from '../../src/dispatch/group.ts';
import type { Deployment } from '../../src/upstream/deployment.ts';
import { deployment } from './deployment.ts';

/** More groups, each of one deployment named like it, and other dispatch settings. */
export function withGroups(
  config: Config,
  groups: Readonly<Record<string, Partial<Deployment>>>,
  dispatch: Partial<DispatchSettings> = {},
): Config {
  const more = Object.entries(groups).map(([name, fields]) => ({
    name,
    deployments: [deployment({ id: name, group: name, ...fields })],
  }));
  return {
    ...config,
    groups: [...config.groups, ...more],
    dispatch: { ...config.dispatch, ...dispatch },
  };
}
