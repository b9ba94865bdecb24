import type { Embedder } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import { readAddedModels } from './added-models.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { createMfRouter } from './mf-router.ts';
import { createRoutellmMfRouter } from './routellm-mf-router.ts';
import { routellmModels } from './routellm-models.ts';
import { loadRoutellmWeights, routellmKind } from './routellm-weights.ts';
import { loadRouterWeights } from './router-weights.ts';
import type { Router } from './router.ts';
import { readSafetensorsHeader } from './safetensors-header.ts';
import { catalogOfWeights, heldModels, type HeldModel } from './weights-catalog.ts';

export interface PairParts {
  readonly catalog: ModelCatalog;
  readonly embedder: Embedder;
  readonly strongName: string;
  readonly weakName: string;
  readonly strongProfile: string | null;
  readonly weakProfile: string | null;
}

/** The router mf from a weights file, of whichever kind the file says it is. */
export function openMfRouter(file: string, parts: PairParts): { router: Router; notes: string[] } {
  if (isRoutellmKind(file)) return createRoutellmMfRouter(file, loadRoutellmWeights(file), parts);
  const weights = loadRouterWeights(file);
  const models = heldModels(weights);
  const catalog = catalogOfWeights(parts.catalog, models, readAddedModels(file));
  return createMfRouter({ weights, ...parts, catalog });
}

/** The models that a weights file of either kind can score. */
export function modelsOfWeights(file: string): HeldModel[] {
  if (!isRoutellmKind(file)) return heldModels(loadRouterWeights(file));
  const { pair } = loadRoutellmWeights(file);
  const ids = pair === null ? routellmModels : [pair.strong, pair.weak];
  return ids.map((id) => ({ id, prompts: 0, sources: 0 }));
}

/** @throws ConfigError for RouteLLM's own file, which says nothing of itself */
function isRoutellmKind(file: string): boolean {
  const header = readSafetensorsHeader(file);
  const text = header?.metadata['pointsman'];
  if (text === undefined) {
    if (!header?.tensors.includes('P.weight')) return false;
    throw new ConfigError(
      `${file} is a checkpoint of RouteLLM; import it first: pointsman import-routellm ` +
        `--checkpoint ${file} --out FILE`,
    );
  }
  try {
    return (JSON.parse(text) as { kind?: unknown } | null)?.kind === routellmKind;
  } catch {
    // Who loads the weights says what is wrong with them.
    return false;
  }
}
