// Models that `pointsman models add` placed in a weights file: their rows stand beside those of the
// trained ones, and `__metadata__.added_models` (JSON) says what the catalog says of the others.
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';

const addedModelSchema = z.strictObject({
  id: z.string().min(1),
  family: z.string(),
  billions: z.number().positive().nullable(),
  /** Scored prompts that placed it, and the number of sources that they come from. */
  prompts: z.int().positive(),
  sources: z.int().positive(),
});

export type AddedModel = z.infer<typeof addedModelSchema>;

export const addedModelsKey = 'added_models';

/** Of a weights file; none when the file cannot be read. */
export function readAddedModels(file: string): AddedModel[] {
  return parseAddedModels(readSafetensorsHeader(file)?.metadata ?? {}, file);
}

export function parseAddedModels(
  metadata: Readonly<Record<string, string>>,
  file: string,
): AddedModel[] {
  const text = metadata[addedModelsKey];
  if (text === undefined) return [];
  try {
    return z.array(addedModelSchema).parse(JSON.parse(text));
  } catch (cause) {
    throw new ConfigError(`${file}: its list of added models is wrong`, { cause });
  }
}

/** The catalog with these models in it, known by name however few prompts placed them. */
export function withAddedModels(
  catalog: ModelCatalog,
  models: readonly AddedModel[],
): ModelCatalog {
  if (models.length === 0) return catalog;
  const isAdded = new Set(models.map(({ id }) => id));
  return {
    ...catalog,
    models: [
      ...catalog.models.filter(({ id }) => !isAdded.has(id)),
      ...models.map((model) => ({ ...model, added: true as const })),
    ],
  };
}
