import type { RequestHandler } from 'express';
import type { AppDeps } from './app.ts';
import { mayAdminister } from './auth.ts';
import { sendJson } from './reply.ts';
import { readRouter, routerJson } from './router-reading.ts';

/** The process answers; says nothing about upstreams. */
export function livez(): RequestHandler {
  return (_req, res) => sendJson(res, 200, { status: 'ok' });
}

/** Whether requests are served as they should be; 503 names the part that is not. */
export function readyz(deps: Pick<AppDeps, 'log' | 'serving' | 'isShuttingDown'>): RequestHandler {
  return (_req, res) => {
    const { failure } = deps.log.state();
    const failing: string[] = [];
    if (failure !== null) failing.push(`log: ${failure}`);
    if (!deps.serving().isEmbedderReady()) failing.push('embedder: it is being restarted');
    if (deps.isShuttingDown()) failing.push('shutting down');
    if (failing.length === 0) sendJson(res, 200, { status: 'ready' });
    else sendJson(res, 503, { status: 'degraded', failing });
  };
}

/** RouteLLM's contract; and the detail beside it, for the operator alone where a key is set. */
export function health(
  deps: Pick<AppDeps, 'log' | 'inFlight' | 'embeddingFailures' | 'serving' | 'reload'>,
): RequestHandler {
  return (req, res) => {
    const serving = deps.serving();
    if (!mayAdminister(req, serving)) return sendJson(res, 200, { status: 'online' });
    const { queued, written, dropped, failure } = deps.log.state();
    const routers = [...serving.routers.values()].map((router) =>
      routerJson(readRouter(router, serving)),
    );
    const deployments = [...serving.dispatcher.pools.values()].flatMap((pool) =>
      pool.states().map(({ deployment, state, inFlight }) => ({
        ...{ id: deployment.id, group: deployment.group, state, in_flight: inFlight },
      })),
    );
    sendJson(res, 200, {
      status: 'online',
      routers,
      deployments,
      in_flight: deps.inFlight.count(),
      embedding_failures: deps.embeddingFailures(),
      config: {
        reloads: deps.reload().count,
        last_reload_at: deps.reload().lastAtUtc,
        reload_error: deps.reload().error,
      },
      log: { queued, written, dropped, failure },
    });
  };
}
