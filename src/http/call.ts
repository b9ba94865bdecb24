import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import { performance } from 'node:perf_hooks';
import { Cancellation } from '../cancellation.ts';

/** Why a call's signal aborts when the client closed its connection. */
export class ClientGoneError extends Error {
  constructor() {
    super('the client closed the connection');
    this.name = 'ClientGoneError';
  }
}

/** One request in flight: its id, its clock and the signal that everything below listens to. */
export interface Call {
  readonly requestId: string;
  readonly startedAtMs: number;
  /** Aborts with a ClientGoneError, or with the server's own reason when it shuts down. */
  readonly signal: Cancellation;
  /** Milliseconds since the request arrived. */
  elapsedMs(): number;
}

/** Opens a call for every request, and names it in the answer. */
export function openCalls(): RequestHandler {
  return (req, res, next) => {
    const call = openCall(req, res);
    (res as CalledResponse)[callKey] = call;
    res.setHeader('x-request-id', call.requestId);
    res.setHeader('x-pointsman-request-id', call.requestId);
    next();
  };
}

/** The call of a response that `openCalls` has seen. */
export function callOf(res: ServerResponse): Call {
  const call = (res as CalledResponse)[callKey];
  if (call === undefined) throw new Error('no call was opened for this response');
  return call;
}

/**
 * Not in a WeakMap: V8's collections of young objects take its values for living, and a call's
 * listeners hold the response, so that each request would be kept until the next full collection.
 */
const callKey = Symbol('call');

interface CalledResponse extends ServerResponse {
  [callKey]?: Call;
}

const acceptableId = /^[A-Za-z0-9._-]{1,128}$/;

/** The client's own id where it is fit to be one, else a new one. */
function requestIdOf({ headers }: IncomingMessage): string {
  const wanted = headers['x-request-id'];
  return typeof wanted === 'string' && acceptableId.test(wanted) ? wanted : randomUUID();
}

function openCall(req: IncomingMessage, res: ServerResponse): Call {
  const signal = new Cancellation();
  const start = performance.now();
  // Fires on every end of the connection; it is an abort only if the answer was not finished.
  res.once('close', () => {
    if (!res.writableFinished) signal.abort(new ClientGoneError());
  });
  return {
    requestId: requestIdOf(req),
    startedAtMs: Date.now(),
    signal,
    elapsedMs: () => performance.now() - start,
  };
}
