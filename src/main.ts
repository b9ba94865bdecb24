import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { createEmbedder } from './embedding/create-embedder.ts';
import { cacheEmbeddings, type CachedEmbedder } from './embedding/embedding-cache.ts';
import { startGateway } from './gateway.ts';
import { createRouters } from './routing/create-router.ts';
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
   * @throws ConfigError when its parts cannot be built; the present one stays in force.
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
      await current.loaded.embedder?.close();
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
      const { freed } = await gateway.replace(next, partsOf(loaded));
      current = { config: next, loaded };
      gateway.noteReload(null);
      // The old encoder is needed until the last request that began with it is over.
      void freed.then(() => (isSame ? undefined : old.loaded.embedder?.close()));
      return isSame ? [] : loaded.notes;
    },
    noteReload: (error) => gateway.noteReload(error),
    async close() {
      await gateway.close();
      await current.loaded.embedder?.close();
    },
  };
}

async function loadRouters(config: Config, logger: Logger): Promise<LoadedRouters> {
  const embedder = await openEmbedder(config, logger);
  try {
    const { routers, notes } = createRouters(config.routers, {
      embedder,
      strongName: config.strong.name,
      weakName: config.weak.name,
      strongProfile: config.strongProfile,
      weakProfile: config.weakProfile,
      weightsFile: config.weightsFile,
    });
    // A random score is meant to differ from the one before.
    const cached = [...routers].map(
      ([name, router]) => [name, name === 'random' ? router : cacheScores(router)] as const,
    );
    return { routers: new Map(cached), notes, embedder };
  } catch (error) {
    await embedder?.close();
    throw error;
  }
}

/** What the routers depend on; a secret is compared by its text. */
function routerSettings({ routers, strong, weak, embedder, ...config }: Config) {
  const { strongProfile, weakProfile, weightsFile } = config;
  const key = embedder.kind === 'endpoint' ? embedder.apiKey?.reveal() : undefined;
  const names = [strong.name, weak.name, strongProfile, weakProfile, weightsFile];
  return { routers, embedder, key, names };
}

/** Null when no router needs one. */
async function openEmbedder(config: Config, logger: Logger): Promise<CachedEmbedder | null> {
  if (config.routers.every((name) => name === 'random')) return null;
  const embedder = await createEmbedder(config.embedder, (message) => logger.debug(message));
  return cacheEmbeddings(embedder);
}
