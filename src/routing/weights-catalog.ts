// What the models of a weights file are called. The shipped catalog counts the outcomes of the shipped weights; of a
// model in weights from one's own outcomes it may tell family, size and other names, but not what it was trained on.
import { withAddedModels, type AddedModel } from './added-models.ts';
import { describeModel, type CatalogModel, type ModelCatalog } from './model-catalog.ts';
import type { RouterWeights } from './router-weights.ts';

/** A model of a weights file; no prompts and sources: the file does not say what it was trained on. */
export type HeldModel = Pick<CatalogModel, 'id' | 'prompts' | 'sources' | 'quality'>;

export function heldModels({ metadata, meanQuality }: RouterWeights): HeldModel[] {
  const { modelPrompts, modelSources } = metadata.training;
  return metadata.models.map((id, row) => ({
    id,
    prompts: modelPrompts?.[row] ?? 0,
    sources: modelSources?.[row] ?? 0,
    quality: meanQuality[row]!,
  }));
}

/** The catalog of these models alone; `added` are those of them that `pointsman models add` placed. */
export function catalogOfWeights(
  catalog: ModelCatalog,
  models: readonly HeldModel[],
  added: readonly AddedModel[],
): ModelCatalog {
  const held = new Map(models.map((model) => [model.id, model]));
  const isCounted = catalog.models.every(({ id }) => held.has(id));
  const listed = new Map(catalog.models.map((model) => [model.id, model]));
  const describe = ({ id, prompts, sources }: HeldModel): CatalogModel => {
    const { family, billions } = listed.get(id) ?? describeModel(catalog, id);
    return { id, family: family ?? 'unknown', billions, prompts, sources, own: true };
  };
  const known = isCounted ? catalog.models : [];
  const isKnown = new Set(known.map(({ id }) => id));
  const own = models.filter(({ id }) => !isKnown.has(id)).map(describe);
  const named = withAddedModels({ ...catalog, models: [...known, ...own] }, added);
  return {
    ...named,
    models: named.models.map((model) => ({ ...model, quality: held.get(model.id)?.quality })),
  };
}
