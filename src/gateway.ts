import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Config } from './config/config.ts';
import { isThisMachine } from './config/create-access.ts';
import { createReader } from './dashboard/reader.ts';
import { createDashboard } from './dashboard/routes.ts';
import { createApp } from './http/app.ts';
import { createInFlight } from './http/in-flight.ts';
import { createHttpServer, listen, type ServerLimits } from './http/server.ts';
import type { ReloadState, Serving } from './http/serving.ts';
import { Uploads } from './http/uploads.ts';
import { openLastingParts, type GatewayParts } from './lasting-parts.ts';
import type { CurrentThreshold } from './routing/thresholds.ts';

export type { GatewayParts };

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
  let present = { config, parts };
  let reload: ReloadState = { count: 0, lastAtUtc: null, error: null };
  let isShuttingDown = false;
  const current = { config: () => present.config, serving: () => serving };
  const lasting = await openLastingParts(
    config,
    { ...current, parts: () => present.parts },
    logger,
  );
  const { log, metrics } = lasting;
  let serving = await lasting.build(config, parts).catch(async (error: unknown) => {
    await lasting.close();
    throw error;
  });
  lasting.followLog();

  const inFlight = createInFlight();
  const uploads = new Uploads();
  const reader = createReader({ file: config.db });
  const app = createApp({
    ...{ serving: current.serving, log, inFlight, uploads, metrics, logger },
    instanceId: randomUUID(),
    startedAtMs: Date.now(),
    embeddingFailures: lasting.embeddingFailures,
    reload: () => reload,
    isShuttingDown: () => isShuttingDown,
    dashboard: createDashboard({
      ...current,
      ...{ log, reader, uploads, inFlight },
      isLoopback: isThisMachine(config.host),
    }),
  });
  const server = createHttpServer(app, serverLimits);

  async function free(): Promise<void> {
    await reader.close();
    await serving.upstream.close();
    await lasting.close();
  }

  const url = await listen(server, config.host, config.port).catch(async (error: unknown) => {
    serving.shadow?.close();
    await free();
    throw error;
  });

  return {
    url,
    threshold: () => defaultThreshold(serving),
    async replace(config, parts) {
      const old = serving;
      serving = await lasting.build(config, parts);
      present = { config, parts };
      lasting.keepOnly([...serving.routers.values(), ...parts.routers.values()]);
      old.shadow?.close();
      return { freed: inFlight.idle(old).then(() => old.upstream.close()) };
    },
    noteReload(error) {
      metrics.onReload(error === null ? 'success' : 'failure');
      reload =
        error === null
          ? { count: reload.count + 1, lastAtUtc: new Date().toISOString(), error }
          : { ...reload, error };
    },
    async close() {
      isShuttingDown = true;
      serving.shadow?.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await inFlight.drain(present.config.timeouts.drainMs);
      server.closeAllConnections();
      await closed;
      await free();
    },
  };
}

function defaultThreshold({ routers, thresholds }: Serving): CurrentThreshold {
  const [first] = routers.values();
  if (first === undefined) throw new Error('a gateway needs a router');
  return thresholds.current(first);
}
