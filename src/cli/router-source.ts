import { createEmbedderSettings } from '../config/create-embedder-settings.ts';
import { createRouterParts } from '../config/create-router-parts.ts';
import type { Settings } from '../config/settings-schema.ts';
import { ConfigError } from '../errors.ts';
import { keepEmbeddings } from '../evaluation/kept-embeddings.ts';
import { seededRandom } from '../math/random.ts';
import { createRouters, type RouterDeps } from '../routing/create-router.ts';
import { closeRouterModels, openRouterModels } from '../routing/open-router-models.ts';
import type { Router } from '../routing/router.ts';
import type { NamedPair } from './evaluate-pairs.ts';

/** Routers for many pairs, over one embedder that has seen all prompts. */
export interface RouterSource {
  routersFor(pair: NamedPair): {
    readonly routers: ReadonlyMap<string, Pick<Router, 'score'>>;
    readonly notes: readonly string[];
    /** Routers that cannot score this pair, and why. */
    readonly failures: ReadonlyMap<string, ConfigError>;
  };
  close(): Promise<void>;
}

export type OpenRouters = (
  names: readonly string[],
  texts: readonly string[],
  onEmbedded: (done: number) => void,
) => Promise<RouterSource>;

/** @param isOnePair whether `strong_profile` and `weak_profile` of the settings are about the pair */
export function openRoutersOf(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  isOnePair: boolean,
): OpenRouters {
  return async (names, texts, onEmbedded) => {
    const { bertModel, neighboursFile, causalLlm } = createRouterParts(settings, names, env);
    const models = await openRouterModels(names, {
      embedder: () => createEmbedderSettings(settings, env),
      bertModel,
    });
    try {
      const embedder =
        models.embedder && (await keepEmbeddings(models.embedder, texts, onEmbedded));
      return {
        routersFor: ({ strong, weak }) =>
          createEach(names, {
            ...{ embedder, classifier: models.classifier, neighboursFile, causalLlm },
            strongName: strong,
            weakName: weak,
            strongProfile: isOnePair ? (settings.strong?.profile ?? null) : null,
            weakProfile: isOnePair ? (settings.weak?.profile ?? null) : null,
            weightsFile: settings.weights ?? null,
            random: seededRandom(0),
          }),
        close: () => closeRouterModels(models),
      };
    } catch (error) {
      await closeRouterModels(models);
      throw error;
    }
  };
}

function createEach(names: readonly string[], deps: RouterDeps) {
  const routers = new Map<string, Router>();
  const notes = new Set<string>();
  const failures = new Map<string, ConfigError>();
  for (const name of names) {
    try {
      const created = createRouters([name], deps);
      for (const [key, router] of created.routers) routers.set(key, router);
      for (const note of created.notes) notes.add(note);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      failures.set(name, error);
    }
  }
  return { routers, notes: [...notes], failures };
}
