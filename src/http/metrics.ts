import type { RequestHandler } from 'express';
import type { AppDeps } from './app.ts';

/** `GET /metrics`, for Prometheus. */
export function getMetrics({ metrics }: Pick<AppDeps, 'metrics'>): RequestHandler {
  return async (_req, res) => {
    res.setHeader('content-type', metrics.contentType);
    res.end(await metrics.text());
  };
}
