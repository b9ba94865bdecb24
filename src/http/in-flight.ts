import { AppError } from '../errors.ts';
import type { Call } from './call.ts';

/** The requests being answered: bounds their number and knows when the last one is done. */
export interface InFlight {
  /** @returns what to call when the request is over. @throws AppError 503 over the limit. */
  enter(call: Call, limit: number): () => void;
  count(): number;
  /** Waits until none is left; after `ms` the rest is aborted and waited for. */
  drain(ms: number): Promise<void>;
}

export function createInFlight(): InFlight {
  const calls = new Set<Call>();
  let onEmpty: (() => void) | null = null;

  return {
    enter(call, limit) {
      if (calls.size >= limit) {
        throw new AppError(`Too many requests at once (limits.in_flight is ${limit}).`, {
          status: 503,
          type: 'server_error',
          code: 'overloaded',
          headers: { 'retry-after': '1' },
        });
      }
      calls.add(call);
      return () => {
        calls.delete(call);
        if (calls.size === 0) onEmpty?.();
      };
    },
    count: () => calls.size,
    async drain(ms) {
      if (calls.size === 0) return;
      const empty = new Promise<void>((resolve) => (onEmpty = resolve));
      const timer = setTimeout(() => {
        for (const call of calls) call.abort(shuttingDown());
      }, ms);
      await empty;
      clearTimeout(timer);
    },
  };
}

function shuttingDown(): AppError {
  return new AppError('The server is shutting down; ask again in a moment.', {
    status: 503,
    type: 'server_error',
    code: 'shutting_down',
    headers: { 'retry-after': '5' },
  });
}
