import type { CatalogModel, ModelCatalog, ModelDescription } from '../routing/model-catalog.ts';
import type { KnownModel } from './place-model.ts';

/** Of models whose outcomes are counted: with so many one tells where others lie. */
const fewestPrompts = 500;
/** What another family counts, in steps of e in size (as for stand-ins, model-catalog.ts). */
const otherFamily = 0.8;
const typicalBillions = 30;

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
    distance: distance(model, like),
    distances: all.map((other) => distance(model, other)),
  }));
}

function distance(model: CatalogModel, like: ModelDescription): number {
  const sizes = [model.billions ?? typicalBillions, like.billions ?? typicalBillions] as const;
  return Math.abs(Math.log(sizes[0] / sizes[1])) + (model.family === like.family ? 0 : otherFamily);
}
