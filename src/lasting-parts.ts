import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { createServing, type ShadowParts } from './create-serving.ts';
import type { CachedEmbedder } from './embedding/embedding-cache.ts';
import type { EmbeddingError } from './errors.ts';
import { failureFields, toAppError } from './http/error-handler.ts';
import { readRouter } from './http/router-reading.ts';
import type { Serving } from './http/serving.ts';
import { createSchemaChecker, type SchemaChecker } from './judging/schema-checker.ts';
import { createShadowBudget, shadowSince } from './judging/shadow-budget.ts';
import { createSignals } from './judging/signals.ts';
import { keepThresholds, type Routers } from './keep-thresholds.ts';
import { logDispatch } from './log-dispatch.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createSessions } from './routing/sessions.ts';
import { createServedRouters } from './served-routers.ts';
import { openRequestLog } from './store/request-log.ts';
import type { RequestLog } from './store/request-record.ts';

export interface GatewayParts {
  /** The first one answers to `auto`. */
  readonly routers: Routers;
  /** Names the vectors that the routers return; null when none does. */
  readonly embedderId: string | null;
  /** What `embedderId` names, for its counts and for `POST /v1/embeddings`. */
  readonly embedder?: CachedEmbedder | null;
}

/** The configuration in force, for what reads of it later. */
export interface Present {
  readonly config: () => Config;
  readonly parts: () => GatewayParts;
  readonly serving: () => Serving;
}

/** What outlives a configuration: the log, what was counted, and what was seen, scored and applied. */
export interface LastingParts {
  readonly log: RequestLog;
  readonly metrics: Metrics;
  /** Embeddings that failed since the start. */
  readonly embeddingFailures: () => number;
  /** What one configuration makes around these. @throws LogUnavailableError */
  build(config: Config, parts: GatewayParts): Promise<Serving>;
  /** Follows what is applied and withdrawn from here on; after the first `build`. */
  followLog(): void;
  /** Forgets the scores of routers that are gone. */
  keepOnly(routers: Iterable<{ readonly version: string }>): void;
  close(): Promise<void>;
}

/** @throws ConfigError when the log cannot be opened; LogUnavailableError */
export async function openLastingParts(
  config: Config,
  present: Present,
  logger: Logger,
): Promise<LastingParts> {
  const opened = await openRequestLog({
    file: config.db,
    onFailure: (failure) => {
      if (failure === null) logger.info('The request log is written again.');
      else logger.error(`The request log cannot be written: ${failure}`);
    },
  });
  let embeddingFailures = 0;
  const metrics = createGatewayMetrics(present, opened, () => embeddingFailures);
  const log: RequestLog = {
    ...opened,
    append(record) {
      metrics.onRequest(record);
      opened.append(record);
    },
  };
  const schemas = createSchemaChecker();
  const close = async () => {
    metrics.close();
    await schemas.close();
    await log.close();
  };
  const shadow = await createShadowParts(log, metrics, logger).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const keeper = keepThresholds(log, logger);
  const servedRouters = createServedRouters({ log, keeper, logger });
  const sessions = createSessions(config.sessions);
  const shared = {
    ...{ watch: keeper.watch, sessions, shadow },
    dispatchEvents: { ...metrics, ...logDispatch(logger) },
    signals: countedSignals(log, metrics, schemas),
    onAfterAnswerError: (error: unknown) =>
      logger.error({ err: error }, 'an answer could not be looked at'),
    onEmbeddingFailed: (error: EmbeddingError) => {
      embeddingFailures++;
      const what = 'a prompt could not be scored; the default tier answers';
      logger.warn(failureFields(error, logger), `${what}: ${error.message}`);
    },
  };
  return {
    log,
    metrics,
    embeddingFailures: () => embeddingFailures,
    async build(config, { routers: bases, embedderId, embedder }) {
      const { routers, thresholds } = await servedRouters.take(config, bases);
      log.keep(config.keepDays);
      sessions.configure(config.sessions);
      const own = { routers, thresholds, embedderId, embedder: embedder ?? null };
      return createServing(config, { ...shared, ...own });
    },
    followLog() {
      log.onThresholdApplied((applied) => keeper.apply(applied, present.serving().routers));
      servedRouters.watchHeads();
    },
    keepOnly: (routers) =>
      keeper.watch.keepOnly(new Set([...routers].map(({ version }) => version))),
    close,
  };
}

function createGatewayMetrics(
  { config, parts, serving }: Present,
  log: RequestLog,
  embeddingFailures: () => number,
): Metrics {
  return createMetrics({
    pools: () => [
      ...serving().dispatcher.pools.values(),
      ...(serving().embeddings.upstream?.dispatcher.pools.values() ?? []),
    ],
    log: () => log.state(),
    embeddingFailures,
    embeddingCache: () => parts().embedder?.counts() ?? null,
    strongPrice: () => config().strong.price,
    routers: () => [...serving().routers.values()].map((router) => readRouter(router, serving())),
  });
}

function countedSignals(log: RequestLog, metrics: Metrics, schemas: SchemaChecker) {
  return createSignals({
    append(signal) {
      metrics.onSignal(signal.kind);
      log.appendSignal(signal);
    },
    schemas,
  });
}

/** With what was spent today and compared in the last hour, by the log. */
async function createShadowParts(
  log: RequestLog,
  metrics: Metrics,
  logger: Logger,
): Promise<ShadowParts> {
  return {
    budget: createShadowBudget(await log.shadowPast(shadowSince(Date.now()))),
    append: (comparison) => log.appendComparison(comparison),
    onSpent: (nanoUsd) => metrics.onShadowSpent(nanoUsd),
    onResult(result, err) {
      metrics.onShadow(result);
      if (result !== 'failed') return;
      const { message } = toAppError(err);
      logger.warn(failureFields(err, logger), `a shadow comparison failed: ${message}`);
    },
  };
}
