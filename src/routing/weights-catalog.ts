// What the models of a weights file are called. The shipped catalog counts the outcomes of the shipped weights; of a
// model in weights from one's own outcomes it may tell family, size and other names, but not what it was trained on.
import { withAddedModels, type AddedModel } from './added-models.ts';
import { describeModel, type CatalogModel, type ModelCatalog } from './model-catalog.ts';

/** The catalog of these models alone; `added` are those of them that `pointsman models add` placed. */
export function catalogOfWeights(
  catalog: ModelCatalog,
  models: readonly string[],
  added: readonly AddedModel[],
): ModelCatalog {
  const held = new Set(models);
  const isCounted = catalog.models.every(({ id }) => held.has(id));
  const listed = new Map(catalog.models.map((model) => [model.id, model]));
  const describe = (id: string): CatalogModel => {
    const { family, billions } = listed.get(id) ?? describeModel(catalog, id);
    return { id, family: family ?? 'unknown', billions, prompts: 0, sources: 0, own: true };
  };
  const known = isCounted ? catalog.models : [];
  const isKnown = new Set(known.map(({ id }) => id));
  const own = models.filter((id) => !isKnown.has(id)).map(describe);
  return withAddedModels({ ...catalog, models: [...known, ...own] }, added);
}
