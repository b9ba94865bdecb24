import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { isThisMachine } from './config/create-access.ts';
import { createServing, type ShadowParts } from './create-serving.ts';
import { createReader } from './dashboard/reader.ts';
import { createDashboard } from './dashboard/routes.ts';
import type { CachedEmbedder } from './embedding/embedding-cache.ts';
import type { EmbeddingError } from './errors.ts';
import { createApp } from './http/app.ts';
import { createInFlight } from './http/in-flight.ts';
import { createHttpServer, listen, type ServerLimits } from './http/server.ts';
import { Uploads } from './http/uploads.ts';
import { readRouter } from './http/router-reading.ts';
import type { ReloadState, Serving } from './http/serving.ts';
import { createSchemaChecker } from './judging/schema-checker.ts';
import { createShadowBudget, shadowSince } from './judging/shadow-budget.ts';
import { createSignals } from './judging/signals.ts';
import { keepThresholds } from './keep-thresholds.ts';
import { createMetrics } from './metrics/metrics.ts';
import type { Router } from './routing/router.ts';
import { createSessions } from './routing/sessions.ts';
import { createServedRouters } from './served-routers.ts';
import type { CurrentThreshold } from './routing/thresholds.ts';
import { openRequestLog } from './store/request-log.ts';
import type { RequestLog } from './store/request-record.ts';

export interface Gateway {
  /** Where it listens, without a path. */
  readonly url: string;
  /** The tier boundary of the default router, and who set it. */
  readonly threshold: () => CurrentThreshold;
  /**
   * Serves by another configuration from the next request on; running ones keep theirs. Host, port
   * and database stay. `freed` resolves when the old configuration is used by nobody any more.
   */
  replace(config: Config, parts: GatewayParts): Promise<{ readonly freed: Promise<void> }>;
  /** For `/health`: how the last attempt to replace the configuration went. */
  noteReload(error: string | null): void;
  /** Finishes what is running, writes the log, frees everything. */
  close(): Promise<void>;
}

export interface GatewayParts {
  /** The first one answers to `auto`. */
  readonly routers: ReadonlyMap<string, Router>;
  /** Names the vectors that the routers return; null when none does. */
  readonly embedderId: string | null;
  /** What `embedderId` names, for its counts and for `POST /v1/embeddings`. */
  readonly embedder?: CachedEmbedder | null;
}

export interface GatewayDeps {
  readonly logger: Logger;
  readonly serverLimits?: ServerLimits;
}

/** Log, decision, upstream and HTTP around given routers: everything but their weights. */
export async function startGateway(
  config: Config,
  parts: GatewayParts,
  { logger, serverLimits }: GatewayDeps,
): Promise<Gateway> {
  const opened = await openRequestLog({
    file: config.db,
    onFailure: (failure) => {
      if (failure === null) logger.info('The request log is written again.');
      else logger.error(`The request log cannot be written: ${failure}`);
    },
  });
  const counters = { embeddingFailures: 0 };
  let present = { config, parts };
  const metrics = createMetrics({
    pools: () => [
      ...serving.dispatcher.pools.values(),
      ...(serving.embeddings.upstream?.dispatcher.pools.values() ?? []),
    ],
    log: () => opened.state(),
    embeddingFailures: () => counters.embeddingFailures,
    embeddingCache: () => present.parts.embedder?.counts() ?? null,
    strongPrice: () => present.config.strong.price,
    routers: () => [...serving.routers.values()].map((router) => readRouter(router, serving)),
  });
  const log: RequestLog = {
    ...opened,
    append(record) {
      metrics.onRequest(record);
      opened.append(record);
    },
  };
  const schemas = createSchemaChecker();
  const signals = createSignals({
    append(signal) {
      metrics.onSignal(signal.kind);
      log.appendSignal(signal);
    },
    schemas,
  });
  const shadow: ShadowParts = {
    budget: createShadowBudget(await log.shadowPast(shadowSince(Date.now()))),
    append: (comparison) => log.appendComparison(comparison),
    onSpent: (nanoUsd) => metrics.onShadowSpent(nanoUsd),
    onResult(result, err) {
      metrics.onShadow(result);
      if (result === 'failed') logger.warn({ err }, 'a shadow comparison failed');
    },
  };
  const onAfterAnswerError = (error: unknown) =>
    logger.error({ err: error }, 'an answer could not be looked at');
  const onEmbeddingFailed = (error: EmbeddingError) => {
    counters.embeddingFailures++;
    logger.warn({ err: error }, 'a prompt could not be scored; the default tier answers');
  };

  const keeper = keepThresholds(log, logger);
  const sessions = createSessions(config.sessions);
  const servedRouters = createServedRouters({ log, keeper, logger });

  async function build(
    config: Config,
    { routers: bases, embedderId, embedder }: GatewayParts,
  ): Promise<Serving> {
    const { routers, thresholds } = await servedRouters.take(config, bases);
    log.keep(config.keepDays);
    sessions.configure(config.sessions);
    return createServing(config, {
      ...{ routers, thresholds, watch: keeper.watch, sessions, embedderId, onEmbeddingFailed },
      ...{ signals, onAfterAnswerError, shadow },
      dispatchEvents: metrics,
      embedder: embedder ?? null,
    });
  }

  let serving = await build(config, parts);
  log.onThresholdApplied((applied) => keeper.apply(applied, serving.routers));
  servedRouters.watchHeads();

  let reload: ReloadState = { count: 0, lastAtUtc: null, error: null };
  let drainMs = config.timeouts.drainMs;
  let isShuttingDown = false;
  const inFlight = createInFlight();
  const uploads = new Uploads();
  const reader = createReader({ file: config.db });
  const app = createApp({
    serving: () => serving,
    log,
    inFlight,
    uploads,
    metrics,
    logger,
    instanceId: randomUUID(),
    startedAtMs: Date.now(),
    embeddingFailures: () => counters.embeddingFailures,
    reload: () => reload,
    isShuttingDown: () => isShuttingDown,
    dashboard: createDashboard({
      config: () => present.config,
      serving: () => serving,
      ...{ log, reader, uploads },
      isLoopback: isThisMachine(config.host),
    }),
  });
  const server = createHttpServer(app, serverLimits);
  const url = await listen(server, config.host, config.port).catch(async (error: unknown) => {
    metrics.close();
    await Promise.all([log.close(), serving.upstream.close(), reader.close()]);
    throw error;
  });

  return {
    url,
    threshold: () => defaultThreshold(serving),
    async replace(config, parts) {
      const old = serving;
      serving = await build(config, parts);
      present = { config, parts };
      const inUse = [...serving.routers.values(), ...parts.routers.values()];
      keeper.watch.keepOnly(new Set(inUse.map(({ version }) => version)));
      old.shadow?.close();
      drainMs = config.timeouts.drainMs;
      return { freed: inFlight.idle(old).then(() => old.upstream.close()) };
    },
    noteReload(error) {
      metrics.onReload(error === null ? 'success' : 'failure');
      const count = reload.count + (error === null ? 1 : 0);
      reload = { count, lastAtUtc: new Date().toISOString(), error };
    },
    async close() {
      isShuttingDown = true;
      serving.shadow?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await inFlight.drain(drainMs);
      server.closeAllConnections();
      await closed;
      metrics.close();
      await schemas.close();
      await reader.close();
      await serving.upstream.close();
      await log.close();
    },
  };
}

function defaultThreshold({ routers, thresholds }: Serving): CurrentThreshold {
  const [first] = routers.values();
  if (first === undefined) throw new Error('a gateway needs a router');
  return thresholds.current(first);
}
