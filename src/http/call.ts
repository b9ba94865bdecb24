import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';

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
  readonly signal: AbortSignal;
  /** Ends the call from our side. */
  abort(reason: Error): void;
  /** Milliseconds since the request arrived. */
  elapsedMs(): number;
}

const acceptableId = /^[A-Za-z0-9._-]{1,128}$/;

export function openCall(req: IncomingMessage, res: ServerResponse): Call {
  const controller = new AbortController();
  const start = performance.now();
  // Fires on every end of the connection; it is an abort only if the answer was not finished.
  res.once('close', () => {
    if (!res.writableFinished) controller.abort(new ClientGoneError());
  });
  const wanted = req.headers['x-request-id'];
  return {
    requestId: typeof wanted === 'string' && acceptableId.test(wanted) ? wanted : randomUUID(),
    startedAtMs: Date.now(),
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    elapsedMs: () => performance.now() - start,
  };
}
