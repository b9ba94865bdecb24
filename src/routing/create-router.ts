import { fileURLToPath } from 'node:url';
import type { Embedder } from '../embedding/embedder.ts';
import { fastEmbedderId } from '../embedding/fast-encoder.ts';
import { ConfigError } from '../errors.ts';
import type { Random } from '../math/random.ts';
import { createBertRouter } from './bert-router.ts';
import { createCausalLlmRouter, type CausalLlmSettings } from './causal-llm-router.ts';
import { createKnnRouter } from './knn-router.ts';
import { loadModelCatalog } from './model-catalog.ts';
import { loadNeighbours, type LoadedNeighbours } from './neighbours.ts';
import { openMfRouter, type PairParts } from './open-mf-router.ts';
import { createRandomRouter } from './random-router.ts';
import type { Router } from './router.ts';
import { loadRouterWeights } from './router-weights.ts';
import { createSwRankingRouter } from './sw-ranking-router.ts';
import { catalogOfWeights, heldModels } from './weights-catalog.ts';

export const routerNames = ['mf', 'sw_ranking', 'bert', 'causal_llm', 'knn', 'random'] as const;
type RouterName = (typeof routerNames)[number];

/** The shipped head and the shipped sample of known prompts, for the shipped encoder. */
export const defaultWeightsFile = shipped('mf-minilm.safetensors');
export const defaultNeighboursFile = shipped('neighbours-minilm.safetensors');
export const defaultCatalogFile = shipped('model-catalog.json');

export interface RouterDeps {
  /** Of those routers for which `needsEmbedder`. */
  readonly embedder: Embedder | null;
  readonly strongName: string;
  readonly weakName: string;
  readonly strongProfile: string | null;
  readonly weakProfile: string | null;
  /** Router weights; null: the shipped ones. */
  readonly weightsFile: string | null;
  /** Known prompts with outcomes, for knn and sw_ranking; null: the shipped ones. */
  readonly neighboursFile?: string | null;
  /** Gives the logits of bert (createHubClassifier). */
  readonly classifier?: Embedder | null;
  readonly causalLlm?: CausalLlmSettings | null;
  readonly catalogFile?: string;
  readonly random?: Random;
}

interface CreatedRouter {
  readonly router: Router;
  /** Sentences for the start of the server. */
  readonly notes: readonly string[];
}

/** The shipped head for an embedder: `fast` has one of its own, for scoring without an encoder. */
export function shippedWeightsFile({ id }: Pick<Embedder, 'id'>): string {
  return id === fastEmbedderId ? shipped('mf-fast.safetensors') : defaultWeightsFile;
}

const creators: Record<RouterName, (deps: RouterDeps) => CreatedRouter> = {
  mf: (deps) => {
    const parts = pairParts('mf', deps);
    return openMfRouter(deps.weightsFile ?? shippedWeightsFile(parts.embedder), parts);
  },
  sw_ranking: (deps) =>
    createSwRankingRouter({ neighbours: neighboursOf(deps), ...ratedParts('sw_ranking', deps) }),
  bert: (deps) => ({ router: createBertRouter(given('bert.model', deps.classifier)), notes: [] }),
  causal_llm: (deps) => ({
    router: createCausalLlmRouter(given('causal_llm.model', deps.causalLlm)),
    notes: [],
  }),
  knn: (deps) => createKnnRouter({ neighbours: neighboursOf(deps), ...ratedParts('knn', deps) }),
  random: (deps) => ({ router: createRandomRouter(deps.random), notes: [] }),
};

const withoutEmbedder: ReadonlySet<string> = new Set(['bert', 'causal_llm', 'random']);

/** Whether one of these routers scores sentence vectors. */
export function needsEmbedder(names: readonly string[]): boolean {
  return names.some((name) => !withoutEmbedder.has(name));
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
  const notes = new Set<string>();
  for (const name of names) {
    const known = routerNames.find((candidate) => candidate === name);
    if (known === undefined) {
      throw new ConfigError(
        `there is no router "${name}"; routers is one or more of ${routerNames.join(', ')}`,
      );
    }
    const created = creators[known](deps);
    routers.set(name, created.router);
    // Routers resolve the pair alike and say the same of it.
    for (const note of created.notes) notes.add(note);
  }
  return { routers, notes: [...notes] };
}

function pairParts(router: string, deps: RouterDeps): PairParts {
  const { embedder, strongName, weakName, strongProfile, weakProfile } = deps;
  if (!embedder) {
    throw new ConfigError(`the router ${router} needs an embedder; set embedder to local`);
  }
  const catalog = loadModelCatalog(deps.catalogFile ?? defaultCatalogFile);
  return { catalog, embedder, strongName, weakName, strongProfile, weakProfile };
}

/** With the qualities of the shipped weights, so that stand-ins are the same as those of mf. */
function ratedParts(router: string, deps: RouterDeps): PairParts {
  const parts = pairParts(router, deps);
  const held = heldModels(loadRouterWeights(shippedWeightsFile(parts.embedder)));
  return { ...parts, catalog: catalogOfWeights(parts.catalog, held, []) };
}

function given<T>(key: string, part: T | null | undefined): T {
  if (part !== null && part !== undefined) return part;
  throw new ConfigError(
    `the router ${key.split('.')[0]} needs ${key}: set it in the configuration`,
  );
}

function neighboursOf(deps: RouterDeps): LoadedNeighbours {
  return loadNeighbours(deps.neighboursFile ?? defaultNeighboursFile);
}

/** Works from src/ and from dist/: both lie beside models/. */
function shipped(name: string): string {
  return fileURLToPath(new URL(`../../models/${name}`, import.meta.url));
}
