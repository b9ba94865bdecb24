import { ConfigError } from '../errors.ts';
import {
  describeModel,
  nearestModel,
  resolveModel,
  type ModelCatalog,
  type ResolvedModel,
} from './model-catalog.ts';

export interface ResolvedPair {
  /** Ids of the catalog; never the same one. */
  readonly strong: string;
  readonly weak: string;
  /** Sentences for the start of the server. */
  readonly notes: readonly string[];
}

type Tier = 'strong' | 'weak';

function profileSetting(tier: Tier): string {
  return `--${tier}-profile MODEL (${tier}.profile in the file)`;
}

/**
 * The trained models that stand for the two deployments. A profile (a model id from the operator)
 * goes before the name.
 * @throws ConfigError when both are the same model
 */
export function resolvePair(
  catalog: ModelCatalog,
  strongName: string,
  weakName: string,
  profiles: { readonly strong?: string | null; readonly weak?: string | null } = {},
): ResolvedPair {
  const strong = resolveOne(catalog, strongName, profiles.strong ?? null, 'strong');
  const weak = resolveOne(catalog, weakName, profiles.weak ?? null, 'weak');
  const pair =
    strong.id === weak.id
      ? setApart(catalog, strong, weak, strongName, weakName)
      : { strong, weak };
  if (!pair) {
    throw new ConfigError(
      `${strongName} and ${weakName} are both scored as ${strong.id}; ` +
        `name another model that the router knows by ${profileSetting('strong')} or ` +
        profileSetting('weak'),
    );
  }
  const note = (tier: Tier, { note }: ResolvedModel): string[] =>
    note === null ? [] : [`${tier} model: ${note} (${profileSetting(tier)} chooses another)`];
  return {
    strong: pair.strong.id,
    weak: pair.weak.id,
    notes: [...note('strong', pair.strong), ...note('weak', pair.weak)],
  };
}

function resolveOne(
  catalog: ModelCatalog,
  name: string,
  profile: string | null,
  tier: Tier,
): ResolvedModel {
  if (profile === null) return resolveModel(catalog, name) ?? nothingLike(catalog, name, tier);
  const resolved = resolveModel(catalog, profile, true);
  if (resolved && resolved.how !== 'stand-in') return resolved;
  throw new ConfigError(
    `${profileSetting(tier)} is "${profile}", which the router does not know; use the id of a trained ` +
      `model, such as ${resolved?.id ?? catalog.models[0]!.id} (\`pointsman models\` lists them)`,
  );
}

const mostNamed = 8;

function nothingLike(catalog: ModelCatalog, name: string, tier: Tier): never {
  const ids = catalog.models.map(({ id }) => id);
  const more = ids.length > mostNamed ? ', …' : '';
  throw new ConfigError(
    `the router knows nothing of ${name}, nor of a model that could stand in for it; name one that it was ` +
      `trained on by ${profileSetting(tier)}: ${ids.slice(0, mostNamed).join(', ')}${more}`,
  );
}

/** Gives the stand-in of the two another model: a weak one the next smaller, a strong one the next larger. */
function setApart(
  catalog: ModelCatalog,
  strong: ResolvedModel,
  weak: ResolvedModel,
  strongName: string,
  weakName: string,
): { strong: ResolvedModel; weak: ResolvedModel } | null {
  const shared = catalog.models.find(({ id }) => id === strong.id)?.billions ?? null;
  if (shared === null) return null;
  const sizes = {
    strong: describeModel(catalog, strongName).billions,
    weak: describeModel(catalog, weakName).billions,
  };
  const moved = (name: string, isOther: (billions: number) => boolean): ResolvedModel | null => {
    const like = describeModel(catalog, name);
    const fits = catalog.models.filter(({ billions }) => billions !== null && isOther(billions));
    const nearest = nearestModel(catalog, { ...like, billions: shared }, (model) =>
      fits.includes(model),
    );
    if (nearest === null) return null;
    const { id } = nearest;
    return { id, how: 'stand-in', note: `${name} is not known; scored as ${id}` };
  };
  const weakMoves = weak.how === 'stand-in';
  const strongMoves = strong.how === 'stand-in';
  // When both may move, the one whose name is further from the shared size.
  const weakFirst =
    weakMoves && (!strongMoves || distance(sizes.weak, shared) >= distance(sizes.strong, shared));
  const other = weakFirst
    ? moved(weakName, (billions) => billions < shared / 1.5)
    : strongMoves
      ? moved(strongName, (billions) => billions > shared * 1.5)
      : null;
  if (!other) return null;
  return weakFirst ? { strong, weak: other } : { strong: other, weak };
}

function distance(a: number | null, b: number): number {
  return a === null ? 0 : Math.abs(Math.log(a / b));
}
