import {
  modelDistance,
  type ModelCatalog,
  type ModelDescription,
} from '../routing/model-catalog.ts';
import type { KnownModel } from './place-model.ts';

/** Of models whose outcomes are counted: with so many one tells where others lie. */
const fewestPrompts = 500;

/** The well-known models of a head, with their likeness to a new one and to each other. */
export function knownModels(
  catalog: ModelCatalog,
  ids: readonly string[],
  like: ModelDescription,
): KnownModel[] {
  const known = catalog.models.flatMap((model) => {
    const row = ids.indexOf(model.id);
    const isKnown = row >= 0 && !model.added && (model.own || model.prompts >= fewestPrompts);
    return isKnown ? [{ row, model }] : [];
  });
  const all = known.map(({ model }) => model);
  return known.map(({ row, model }) => ({
    row,
    distance: modelDistance(model, like),
    distances: all.map((other) => modelDistance(model, other)),
  }));
}
