import {
  standInDistance,
  standIns,
  type CatalogModel,
  type ModelCatalog,
  type ResolvedModel,
} from './model-catalog.ts';

export interface ResolvedSides {
  readonly strong: ResolvedModel;
  readonly weak: ResolvedModel;
}

/**
 * How far a strong model's mean quality must lie above a weak one's. Of the pairs of stand-ins that are closer, a fifth
 * score greetings above proofs; of those further apart, 2 of 896.
 */
const clearlyBetter = 0.05;

/** Whether one side stands in, and by it the weak model is the strong one or no worse than it. */
export function isOutOfOrder({ models }: ModelCatalog, { strong, weak }: ResolvedSides): boolean {
  if (strong.how !== 'stand-in' && weak.how !== 'stand-in') return false;
  if (strong.id === weak.id) return true;
  const qualityOf = ({ id }: ResolvedModel) => models.find((model) => model.id === id)?.quality;
  const [better, worse] = [qualityOf(strong), qualityOf(weak)];
  return better !== undefined && worse !== undefined && better <= worse;
}

/**
 * The models nearest to both names of which the strong one is clearly better; a side that is known stays. Null where
 * there are no such two.
 */
export function nearestInOrder(
  catalog: ModelCatalog,
  { strong, weak }: ResolvedSides,
): ResolvedSides | null {
  let nearest: ResolvedSides | null = null;
  let least = Infinity;
  for (const better of candidates(catalog, strong)) {
    for (const worse of candidates(catalog, weak)) {
      const gap = (better.quality ?? NaN) - (worse.quality ?? NaN);
      const distance = standInDistance(better, strong.like) + standInDistance(worse, weak.like);
      if (!(gap >= clearlyBetter) || distance >= least) continue;
      least = distance;
      nearest = { strong: { ...strong, id: better.id }, weak: { ...weak, id: worse.id } };
    }
  }
  return nearest;
}

function candidates(catalog: ModelCatalog, { id, how }: ResolvedModel): CatalogModel[] {
  return how === 'stand-in' ? standIns(catalog) : catalog.models.filter((model) => model.id === id);
}
