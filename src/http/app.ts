import express, { type Express, type Router } from 'express';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics/metrics.ts';
import type { RequestLog } from '../store/request-record.ts';
import { openCalls } from './call.ts';
import { requireAdminKey, requireClientKey } from './auth.ts';
import { textCompletions } from './chat-completions.ts';
import { parseChatRequest } from './chat-request.ts';
import { parseCompletionRequest } from './completion-request.ts';
import { postEmbeddings } from './embeddings.ts';
import { createErrorHandler } from './error-handler.ts';
import { getFeedback, postFeedback } from './feedback.ts';
import { health, livez, readyz } from './health.ts';
import type { InFlight } from './in-flight.ts';
import { getMetrics } from './metrics.ts';
import { listModels, retrieveModel } from './models.ts';
import { postScore } from './score.ts';
import { parseResponsesRequest } from './responses-request.ts';
import type { ReloadState, Serving } from './serving.ts';
import { methodNotAllowed, root, unknownPath } from './unknown-path.ts';
import type { Uploads } from './uploads.ts';

/** All that the routes need; built in gateway.ts. */
export interface AppDeps {
  /** What the present configuration says; asked once per request. */
  readonly serving: () => Serving;
  readonly log: RequestLog;
  readonly inFlight: InFlight;
  readonly uploads: Uploads;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Tells this process from others in the loop guard. */
  readonly instanceId: string;
  readonly startedAtMs: number;
  /** Embeddings that failed since the start. */
  readonly embeddingFailures: () => number;
  readonly reload: () => ReloadState;
  readonly isShuttingDown: () => boolean;
  /** The page with its API; asks for keys itself. */
  readonly dashboard: Router;
}

/** The route table. Every API path also works without `/v1`, since clients set either base. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(openCalls());

  // The hottest route stands first: express tries them in this order.
  const clientKey = requireClientKey(deps);
  app.post(both('/chat/completions'), clientKey, textCompletions(deps, parseChatRequest));

  const alive = ['/livez', '/healthz', '/health/liveliness'];
  const ready = ['/readyz', '/health/readiness'];
  app.get(alive, livez());
  app.get(ready, readyz(deps));
  app.get('/health', health(deps));
  app.get('/metrics', requireAdminKey(deps), getMetrics(deps));
  app.get('/', root());
  app.all([...alive, ...ready, '/health', '/metrics', '/'], methodNotAllowed('GET'));
  app.use('/dashboard', deps.dashboard);

  // What stands below needs a client's key, where keys are configured.
  app.use(clientKey);
  app.post(both('/completions'), textCompletions(deps, parseCompletionRequest));
  app.post(both('/responses'), textCompletions(deps, parseResponsesRequest));
  app.post(both('/embeddings'), postEmbeddings(deps));
  app.get(both('/models'), listModels(deps));
  app.get(both('/models/*id'), retrieveModel(deps));
  app.post(both('/router/score'), postScore(deps));
  app.post(both('/router/feedback'), postFeedback(deps));
  app.get(both('/router/feedback/:id'), getFeedback(deps));

  app.all(both('/chat/completions'), methodNotAllowed('POST'));
  app.all(both('/completions'), methodNotAllowed('POST'));
  app.all(both('/responses'), methodNotAllowed('POST'));
  app.all(both('/embeddings'), methodNotAllowed('POST'));
  app.all(both('/router/score'), methodNotAllowed('POST'));
  app.all(both('/router/feedback'), methodNotAllowed('POST'));
  app.all(both('/models'), methodNotAllowed('GET'));
  app.all(both('/models/*id'), methodNotAllowed('GET'));
  app.all(both('/router/feedback/:id'), methodNotAllowed('GET'));
  app.use(unknownPath());
  app.use(createErrorHandler(deps));
  return app;
}

function both(path: string): string[] {
  return [`/v1${path}`, path];
}
