import { ConfigError } from '../errors.ts';
import { isOutOfOrder, nearestInOrder, type ResolvedSides } from './model-catalog-stand-ins.ts';
import { resolveModel, type ModelCatalog, type ResolvedModel } from './model-catalog.ts';

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
  const own = { strong, weak };
  const isWrong = isOutOfOrder(catalog, own);
  const other = isWrong ? nearestInOrder(catalog, own) : null;
  const pair = other ?? own;
  if (pair.strong.id === pair.weak.id) {
    throw new ConfigError(
      `${strongName} and ${weakName} are both scored as ${strong.id}; ` +
        `name another model that the router knows by ${profileSetting('strong')} or ` +
        profileSetting('weak'),
    );
  }
  const notes = [...note('strong', strongName, pair.strong), ...note('weak', weakName, pair.weak)];
  if (isWrong) notes.push(orderNote(own, other));
  return { strong: pair.strong.id, weak: pair.weak.id, notes };
}

function note(tier: Tier, name: string, { id, reason }: ResolvedModel): string[] {
  if (reason === null) return [];
  return [
    `${tier} model: ${name} ${reason}; scored as ${id} (${profileSetting(tier)} chooses another)`,
  ];
}

/** Why the stand-ins are not those nearest to their names, or why they are though their order is wrong. */
function orderNote(own: ResolvedSides, other: ResolvedSides | null): string {
  const { strong, weak } = own;
  const nearest =
    strong.id === weak.id
      ? `both models are by family and size nearest to ${strong.id}`
      : `the models are by family and size nearest to ${strong.id} and ${weak.id}, of which the one ` +
        'for weak does as well or better on average';
  if (other === null) {
    return (
      `${nearest}, and no other stand-in puts them in order; name the models that they are like by ` +
      `${profileSetting('strong')} and ${profileSetting('weak')}`
    );
  }
  const taken =
    `${nearest}; taken are ${other.strong.id} and ${other.weak.id}, the nearest two of which the one ` +
    'for strong is clearly better';
  return isSmaller(own)
    ? `${taken}. By name the strong model is the smaller: are the two swapped?`
    : taken;
}

function isSmaller({ strong, weak }: ResolvedSides): boolean {
  const [one, other] = [strong.like.billions, weak.like.billions];
  return one !== null && other !== null && one * 1.5 < other;
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
