import { BadRequestError } from '../errors.ts';
import type { TextRequest } from './chat-request.ts';
import type { Serving } from './serving.ts';

type Named = Pick<Serving, 'dispatcher' | 'names' | 'tierGroups'>;

/**
 * The request with the groups that its own `fallbacks` mean, by the names that the configuration's
 * may have: a group, an alias, a tier or its model, or the id of one deployment.
 *
 * @throws BadRequestError for a name that is not configured.
 */
export function withKnownFallbacks(request: TextRequest, serving: Named): TextRequest {
  const { dispatch } = request;
  if (dispatch.fallbacks.length === 0) return request;
  const groups = dispatch.fallbacks.map((name) => {
    const group = groupOf(name, serving);
    if (group === null) throw unknown(name, serving);
    return group;
  });
  return { ...request, dispatch: { ...dispatch, fallbacks: [...new Set(groups)] } };
}

function groupOf(name: string, { dispatcher, names, tierGroups }: Named): string | null {
  const group = names.groups.get(name) ?? dispatcher.targetOf(name);
  if (group !== null) return group;
  if (name === 'strong' || names.strong.includes(name)) return tierGroups.strong;
  if (name === 'weak' || names.weak.includes(name)) return tierGroups.weak;
  const tier = names.unlisted.get(name);
  return tier === undefined ? null : tierGroups[tier];
}

function unknown(name: string, { dispatcher, names }: Named): BadRequestError {
  const known = new Set(['strong', 'weak', ...dispatcher.pools.keys(), ...names.groups.keys()]);
  const shown = [...known].filter((each) => !names.hidden?.has(each));
  return new BadRequestError(
    `"fallbacks" names ${JSON.stringify(name.slice(0, 80))}, which is not configured; known: ` +
      `${shown.join(', ')}.`,
    { param: 'fallbacks' },
  );
}
