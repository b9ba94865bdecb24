import type { FallbackEntries } from './litellm-schema.ts';
import type { MergedRouterSettings } from './router-settings.ts';

/** What is configured, with every name resolved to a group. */
export interface FallbackTables {
  readonly fallbacks: Map<string, string[]>;
  readonly contextWindowFallbacks: Map<string, string[]>;
  readonly contentPolicyFallbacks: Map<string, string[]>;
  readonly defaultFallbacks: string[];
  readonly problems: readonly string[];
}

export interface FallbackNames {
  /** The group that a name means (its own, an alias, a tier), null for none. */
  readonly groupOf: (name: string) => string | null;
  /** The same, or the group of the one deployment that has the name as its id. */
  readonly targetOf: (name: string) => string | null;
  /** "did you mean ...?" for a name that means nothing. */
  readonly hint: (name: string) => string;
}

/** LiteLLM's entry for all groups. */
const anyGroup = '*';

export function createFallbackTables(
  { router, placeOf }: MergedRouterSettings,
  names: FallbackNames,
): FallbackTables {
  const problems: string[] = [];
  const defaultFallbacks: string[] = [];

  function targets(place: string, from: string, to: readonly string[]): string[] {
    const groups: string[] = [];
    for (const name of to) {
      const group = names.targetOf(name);
      if (group !== null) groups.push(group);
      else {
        problems.push(
          `${place}: ${from} falls back to "${name}", which is no group, alias or model_info.id: ${names.hint(name)}`,
        );
      }
    }
    return [...new Set(groups)];
  }

  function table(
    key: 'fallbacks' | 'context_window_fallbacks' | 'content_policy_fallbacks',
  ): Map<string, string[]> {
    const entries: FallbackEntries = router[key] ?? [];
    const place = placeOf(key);
    const resolved = new Map<string, string[]>();
    for (const [from, to] of entries) {
      if (from === anyGroup && key === 'fallbacks') {
        defaultFallbacks.push(...targets(place, 'every group ("*")', to));
        continue;
      }
      const group = names.groupOf(from);
      if (group === null) {
        problems.push(`${place}: "${from}" is no group or alias: ${names.hint(from)}`);
      } else if (resolved.has(group)) {
        problems.push(`${place} has two entries for "${group}": put their names in one list`);
      } else {
        resolved.set(group, targets(place, `"${from}"`, to));
      }
    }
    const cycle = findCycle(resolved);
    if (cycle !== null) {
      problems.push(
        `${place} goes round in a circle: ${cycle.join(' -> ')}: take one of these fallbacks out`,
      );
    }
    return resolved;
  }

  const tables = {
    fallbacks: table('fallbacks'),
    contextWindowFallbacks: table('context_window_fallbacks'),
    contentPolicyFallbacks: table('content_policy_fallbacks'),
  };
  const place = placeOf('default_fallbacks');
  defaultFallbacks.push(...targets(place, 'every group', router.default_fallbacks ?? []));
  return { ...tables, defaultFallbacks: [...new Set(defaultFallbacks)], problems };
}

/** The groups of one circle, the first one again at its end; null without any. */
function findCycle(table: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();

  function visit(group: string, path: readonly string[]): string[] | null {
    const start = path.indexOf(group);
    if (start >= 0) return [...path.slice(start), group];
    if (done.has(group)) return null;
    for (const next of table.get(group) ?? []) {
      const cycle = visit(next, [...path, group]);
      if (cycle !== null) return cycle;
    }
    done.add(group);
    return null;
  }

  for (const group of table.keys()) {
    const cycle = visit(group, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
