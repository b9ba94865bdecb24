import { createEmbedderSettings } from '../config/create-embedder-settings.ts';
import { createRouterParts } from '../config/create-router-parts.ts';
import type { Settings } from '../config/settings-schema.ts';
import { createRouters } from '../routing/create-router.ts';
import { closeRouterModels, openRouterModels } from '../routing/open-router-models.ts';
import type { CreateScorer } from './scorer.ts';

/**
 * Scorers as `serve` has them, of the same settings, without an upstream: a model is only a name.
 *
 * @param note told what the operator should know, such as stand-ins for unknown models
 */
export function createScorerOf(
  settings: Settings,
  env: NodeJS.ProcessEnv,
  note: (note: string) => void,
): CreateScorer {
  return async ({ router: name, strongModel, weakModel }) => {
    const { bertModel, neighboursFile, causalLlm } = createRouterParts(settings, [name], env);
    const models = await openRouterModels([name], {
      embedder: () => createEmbedderSettings(settings, env),
      bertModel,
    });
    try {
      const { routers, notes } = createRouters([name], {
        ...models,
        ...{ neighboursFile, causalLlm },
        strongName: strongModel,
        weakName: weakModel,
        strongProfile: settings.strong?.profile ?? null,
        weakProfile: settings.weak?.profile ?? null,
        weightsFile: settings.weights ?? null,
      });
      const router = routers.get(name);
      if (router === undefined) throw new Error(`the router ${name} was not made`);
      notes.forEach(note);
      return { router, close: () => closeRouterModels(models) };
    } catch (error) {
      await closeRouterModels(models);
      throw error;
    }
  };
}
