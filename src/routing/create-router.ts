import { fileURLToPath } from 'node:url';
import type { Embedder } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import type { Random } from '../math/random.ts';
import { createMfRouter } from './mf-router.ts';
import { loadModelCatalog } from './model-catalog.ts';
import { createRandomRouter } from './random-router.ts';
import { loadRouterWeights } from './router-weights.ts';
import type { Router } from './router.ts';

export const routerNames = ['mf', 'random'] as const;

/** The shipped head, for the shipped encoder. */
export const defaultWeightsFile = shipped('mf-use-lite.safetensors');
export const defaultCatalogFile = shipped('model-catalog.json');

export interface RouterDeps {
  /** Needed by `mf` only. */
  readonly embedder: Embedder | null;
  readonly strongName: string;
  readonly weakName: string;
  readonly strongProfile: string | null;
  readonly weakProfile: string | null;
  /** Router weights; null: the shipped ones. */
  readonly weightsFile: string | null;
  readonly catalogFile?: string;
  readonly random?: Random;
}

/**
 * The routers of these names, in their order, with sentences for the start of the server.
 * @throws ConfigError for an unknown name, and when weights, pair or embedder do not fit
 */
export function createRouters(
  names: readonly string[],
  deps: RouterDeps,
): { routers: Map<string, Router>; notes: string[] } {
  const routers = new Map<string, Router>();
  const notes: string[] = [];
  for (const name of names) {
    if (name === 'random') {
      routers.set(name, createRandomRouter(deps.random));
    } else if (name === 'mf') {
      const created = createMf(deps);
      routers.set(name, created.router);
      notes.push(...created.notes);
    } else {
      throw new ConfigError(
        `there is no router "${name}"; routers is one or more of ${routerNames.join(', ')}`,
      );
    }
  }
  return { routers, notes };
}

function createMf(deps: RouterDeps): { router: Router; notes: string[] } {
  const { embedder, strongName, weakName, strongProfile, weakProfile } = deps;
  if (!embedder) throw new ConfigError('the router mf needs an embedder; set embedder to local');
  return createMfRouter({
    weights: loadRouterWeights(deps.weightsFile ?? defaultWeightsFile),
    catalog: loadModelCatalog(deps.catalogFile ?? defaultCatalogFile),
    ...{ embedder, strongName, weakName, strongProfile, weakProfile },
  });
}

/** Works from src/ and from dist/: both lie beside models/. */
function shipped(name: string): string {
  return fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
}
