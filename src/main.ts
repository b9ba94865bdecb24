import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { cacheEmbeddings, type CachedEmbedder } from './embedding/embedding-cache.ts';
import type { Embedder } from './embedding/embedder.ts';
import { startGateway } from './gateway.ts';
import { createRouters } from './routing/create-router.ts';
import { closeRouterModels, openRouterModels } from './routing/open-router-models.ts';
import type { Router } from './routing/router.ts';
import { cacheScores } from './routing/score-cache.ts';
import type { CurrentThreshold } from './routing/thresholds.ts';

export interface RunningServer {
  readonly url: string;
  /** What the operator should know of this start, such as a stand-in for an unknown model. */
  readonly notes: readonly string[];
  readonly threshold: () => CurrentThreshold;
  /**
   * Goes over to another configuration without losing a request. @returns new notes.
   * @throws ConfigError when its parts cannot be built, LogUnavailableError when the log cannot be
   *   read; the present one stays in force.
   */
  reload(config: Config): Promise<readonly string[]>;
  /** Shows in `/health` that a reload failed before there was a configuration. */
  noteReload(error: string | null): void;
  close(): Promise<void>;
}

/** The parts that take long to build; kept over a reload that does not concern them. */
interface LoadedRouters {
  readonly routers: ReadonlyMap<string, Router>;
  readonly notes: readonly string[];
  readonly embedder: CachedEmbedder | null;
  /** Of the router bert. */
  readonly classifier: Embedder | null;
}

/**
 * Loads embedder and routers and serves. Whatever was opened is closed again when a later step fails.
 * @throws ConfigError when the start must not go on
 */
export async function startServer(
  config: Config,
  options: { readonly logger: Logger },
): Promise<RunningServer> {
  const { logger } = options;
  let current = { config, loaded: await loadRouters(config, logger) };
  const partsOf = ({ routers, embedder }: LoadedRouters) => ({
    routers,
    embedderId: embedder?.id ?? null,
    embedder,
  });
  const gateway = await startGateway(config, partsOf(current.loaded), { logger }).catch(
    async (error: unknown) => {
      await closeRouterModels(current.loaded);
      throw error;
    },
  );
  return {
    url: gateway.url,
    notes: current.loaded.notes,
    threshold: gateway.threshold,
    async reload(next) {
      const old = current;
      const isSame = isDeepStrictEqual(routerSettings(next), routerSettings(old.config));
      const loaded = isSame ? old.loaded : await loadRouters(next, logger);
      const { freed } = await gateway
        .replace(next, partsOf(loaded))
        .catch(async (error: unknown) => {
          if (!isSame) await closeRouterModels(loaded);
          throw error;
        });
      current = { config: next, loaded };
      gateway.noteReload(null);
      // The old encoder is needed until the last request that began with it is over.
      void freed.then(() => (isSame ? undefined : closeRouterModels(old.loaded)));
      return isSame ? [] : loaded.notes;
    },
    noteReload: (error) => gateway.noteReload(error),
    async close() {
      await gateway.close();
      await closeRouterModels(current.loaded);
    },
  };
}

async function loadRouters(config: Config, logger: Logger): Promise<LoadedRouters> {
  const { bertModel, neighboursFile, causalLlm } = config.routerParts;
  const opened = await openRouterModels(
    config.routers,
    { embedder: () => config.embedder, bertModel },
    (message) => logger.debug(message),
  );
  const { classifier } = opened;
  const embedder = opened.embedder && cacheEmbeddings(opened.embedder);
  try {
    const { routers, notes } = createRouters(config.routers, {
      embedder,
      strongName: config.strong.name,
      weakName: config.weak.name,
      strongProfile: config.strongProfile,
      weakProfile: config.weakProfile,
      weightsFile: config.weightsFile,
      ...{ neighboursFile, classifier, causalLlm },
    });
    // A random score is meant to differ from the one before.
    const cached = [...routers].map(
      ([name, router]) => [name, name === 'random' ? router : cacheScores(router)] as const,
    );
    return { routers: new Map(cached), notes, embedder, classifier };
  } catch (error) {
    await closeRouterModels(opened);
    throw error;
  }
}

/** What the routers depend on; a secret is compared by its text. */
function routerSettings({ routers, strong, weak, embedder, routerParts, ...config }: Config) {
  const { strongProfile, weakProfile, weightsFile } = config;
  const key = embedder.kind === 'endpoint' ? embedder.apiKey?.reveal() : undefined;
  const names = [strong.name, weak.name, strongProfile, weakProfile, weightsFile];
  const rater = routerParts.causalLlm?.apiKey?.reveal();
  return { routers, embedder, key, names, routerParts, rater };
}
