import type { ErrorRequestHandler, Request } from 'express';
import type { Logger } from 'pino';
import { AppError, BadRequestError, UpstreamError } from '../errors.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { callOf, ClientGoneError } from './call.ts';
import { sendJson } from './reply.ts';

interface ErrorDeps {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'onRefused'>;
}

/**
 * The one place that turns errors into HTTP, in the OpenAI shape. What is not an AppError is our
 * bug: 500, with the details in the log only.
 */
export function createErrorHandler({ logger, metrics }: ErrorDeps): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, req: Request, res, _next) => {
    if (error instanceof ClientGoneError || res.destroyed) {
      res.destroy();
      return;
    }
    const seen = toAppError(error);
    // A decided request has its row, and is counted with it.
    if (!res.hasHeader('x-pointsman-decision-id')) metrics.onRefused(seen.status);
    // What an upstream fails with, a 429 too, is for the operator; other 4xx are for the client.
    const level = seen.status >= 500 || seen instanceof UpstreamError ? 'warn' : 'debug';
    const { requestId } = callOf(res);
    const asked = { method: req.method, path: req.path };
    logger[level]({ requestId, ...asked, ...failureFields(error, logger) }, seen.message);
    if (res.headersSent) {
      res.destroy();
      return;
    }
    sendJson(res, seen.status, seen.toBody(), { ...retryHeaders(seen), ...seen.headers });
  };
}

export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  // Express could not decode the path.
  if (error instanceof URIError)
    return new BadRequestError('The path is not valid.', { cause: error });
  const options = { type: 'server_error', code: 'internal_error', cause: error };
  return new AppError('Something went wrong inside pointsman; see its log.', {
    status: 500,
    ...options,
  });
}

/** We have tried what there was: a client library's own retries would only multiply the calls. */
function retryHeaders(error: AppError): Record<string, string> {
  const wait = error.headers['retry-after'] ?? error.headers['retry-after-ms'];
  const isFinal = error instanceof UpstreamError && wait === undefined;
  return isFinal ? { 'x-should-retry': 'false' } : {};
}

/** What the log tells of a failure beside its message: a stack with verbose only, or of our bugs. */
export function failureFields(error: unknown, logger: Logger) {
  const seen = toAppError(error);
  const hasStack = seen.code === 'internal_error' || logger.isLevelEnabled('debug');
  return {
    code: seen.code,
    status: seen.upstreamStatus ?? undefined,
    cause: causeText(seen === error ? seen.cause : error, hasStack),
  };
}

/** A failure that no client is told of. What a model says of the request may repeat its text. */
export function describeForLog(error: unknown, logger: Logger) {
  const { cause, ...fields } = failureFields(error, logger);
  return error instanceof BadRequestError
    ? { why: 'it refused the request', fields }
    : { why: toAppError(error).message, fields: { ...fields, cause } };
}

/** pino writes an error under any key but `err` as `{}`. */
function causeText(cause: unknown, hasStack: boolean): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  return hasStack && cause.stack !== undefined ? cause.stack : String(cause);
}
