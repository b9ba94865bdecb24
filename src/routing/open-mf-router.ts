import type { Embedder } from '../embedding/embedder.ts';
import { readAddedModels, withAddedModels } from './added-models.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { createMfRouter } from './mf-router.ts';
import { loadRouterWeights } from './router-weights.ts';
import type { Router } from './router.ts';

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
  const catalog = withAddedModels(parts.catalog, readAddedModels(file));
  return createMfRouter({ weights: loadRouterWeights(file), ...parts, catalog });
}
