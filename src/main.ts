import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { createEmbedder } from './embedding/create-embedder.ts';
import { cacheEmbeddings } from './embedding/embedding-cache.ts';
import type { Embedder } from './embedding/embedder.ts';
import { startGateway } from './gateway.ts';
import { createRouters } from './routing/create-router.ts';
import type { CurrentThreshold } from './routing/thresholds.ts';

export interface RunningServer {
  readonly url: string;
  /** What the operator should know of this start, such as a stand-in for an unknown model. */
  readonly notes: readonly string[];
  readonly threshold: () => CurrentThreshold;
  close(): Promise<void>;
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
    const gateway = await startGateway(config, {
      routers,
      embedderId: embedder?.id ?? null,
      logger,
    });
    return {
      url: gateway.url,
      notes,
      threshold: gateway.threshold,
      async close() {
        await gateway.close();
        await embedder?.close();
      },
    };
  } catch (error) {
    await embedder?.close();
    throw error;
  }
}

/** Null when no router needs one. */
async function openEmbedder(config: Config, logger: Logger): Promise<Embedder | null> {
  if (config.routers.every((name) => name === 'random')) return null;
  const embedder = await createEmbedder(config.embedder, (message) => logger.debug(message));
  return cacheEmbeddings(embedder);
}
