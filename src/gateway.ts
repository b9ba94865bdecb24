import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { createServing } from './create-serving.ts';
import { createApp } from './http/app.ts';
import { createInFlight } from './http/in-flight.ts';
import { createHttpServer, listen } from './http/server.ts';
import type { Router } from './routing/router.ts';
import { createThresholds, type CurrentThreshold } from './routing/thresholds.ts';
import { openRequestLog } from './store/request-log.ts';
import type { RequestLog } from './store/request-record.ts';

export interface Gateway {
  /** Where it listens, without a path. */
  readonly url: string;
  /** The tier boundary of the default router, and who set it. */
  readonly threshold: () => CurrentThreshold;
  /** Finishes what is running, writes the log, frees everything. */
  close(): Promise<void>;
}

export interface GatewayParts {
  /** The first one answers to `auto`. */
  readonly routers: ReadonlyMap<string, Router>;
  /** Names the vectors that the routers return; null when none does. */
  readonly embedderId: string | null;
  readonly logger: Logger;
}

/** Log, decision, upstream and HTTP around given routers: everything but their weights. */
export async function startGateway(config: Config, parts: GatewayParts): Promise<Gateway> {
  const { logger } = parts;
  const routers = [...parts.routers.values()];
  const [defaultRouter] = routers;
  if (defaultRouter === undefined) throw new Error('a gateway needs a router');

  const log = await openRequestLog({
    file: config.db,
    onFailure: (failure) => {
      if (failure === null) logger.info('The request log is written again.');
      else logger.error(`The request log cannot be written: ${failure}`);
    },
  });
  const thresholds = createThresholds(config.threshold, await storedThresholds(log, routers));
  log.onThresholdApplied((applied) => {
    if (!routers.some((router) => router.version === applied.routerVersion)) return false;
    thresholds.apply(applied.routerVersion, applied.threshold);
    logger.info({ ...applied }, 'a calibrated threshold takes effect');
    return true;
  });

  let embeddingFailures = 0;
  let isShuttingDown = false;
  const serving = createServing(config, {
    routers: parts.routers,
    thresholds,
    embedderId: parts.embedderId,
    onEmbeddingFailed: (error) => {
      embeddingFailures++;
      logger.warn({ cause: error.cause }, `${error.message} The default tier answers.`);
    },
  });
  const inFlight = createInFlight();
  const app = createApp({
    serving: () => serving,
    log,
    inFlight,
    logger,
    instanceId: randomUUID(),
    startedAtMs: Date.now(),
    embeddingFailures: () => embeddingFailures,
    isShuttingDown: () => isShuttingDown,
  });
  const server = createHttpServer(app);
  const url = await listen(server, config.host, config.port).catch(async (error: unknown) => {
    await Promise.all([log.close(), serving.upstream.close()]);
    throw error;
  });

  return {
    url,
    threshold: () => thresholds.current(defaultRouter),
    async close() {
      isShuttingDown = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await inFlight.drain(config.timeouts.drainMs);
      server.closeAllConnections();
      await closed;
      await serving.upstream.close();
      await log.close();
    },
  };
}

async function storedThresholds(
  log: RequestLog,
  routers: readonly Router[],
): Promise<Map<string, number>> {
  const stored = new Map<string, number>();
  for (const { name, version } of routers) {
    const applied = await log.appliedThreshold(name, version);
    if (applied !== null) stored.set(version, applied.threshold);
  }
  return stored;
}
