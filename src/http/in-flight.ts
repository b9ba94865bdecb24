import { AppError } from '../errors.ts';
import type { Call } from './call.ts';
import type { Serving } from './serving.ts';

/** The requests being answered: bounds their number and knows when the last one is done. */
export interface InFlight {
  /**
   * @param serving the configuration that the request keeps to its end
   * @returns what to call when the request is over. @throws AppError 503 over the limit.
   */
  enter(call: Call, serving: Serving): () => void;
  /** Names the decision that the request is answered by. */
  decided(call: Call, decisionId: string): void;
  /** Whether an answer to this decision is still on its way. */
  isRunning(decisionId: string): boolean;
  count(): number;
  /** Resolves when no request uses this configuration any more. */
  idle(serving: Serving): Promise<void>;
  /** Waits until none is left; after `ms` the rest is aborted and waited for. */
  drain(ms: number): Promise<void>;
}

export function createInFlight(): InFlight {
  const calls = new Map<Call, Serving>();
  const decisions = new Map<Call, string>();
  let isDraining = false;
  let waiting: { serving: Serving | null; resolve: () => void }[] = [];

  function isUsed(serving: Serving | null): boolean {
    if (serving === null) return calls.size > 0;
    for (const used of calls.values()) if (used === serving) return true;
    return false;
  }

  /** @param serving null: any */
  async function unused(serving: Serving | null): Promise<void> {
    if (isUsed(serving)) await new Promise<void>((resolve) => waiting.push({ serving, resolve }));
  }

  function leave(call: Call): void {
    calls.delete(call);
    decisions.delete(call);
    if (waiting.length === 0) return;
    const over = waiting.filter(({ serving }) => !isUsed(serving));
    waiting = waiting.filter((one) => !over.includes(one));
    for (const { resolve } of over) resolve();
  }

  return {
    enter(call, serving) {
      if (isDraining) throw shuttingDown();
      const limit = serving.limits.inFlight;
      if (calls.size >= limit) throw overloaded(limit);
      calls.set(call, serving);
      return () => leave(call);
    },
    decided: (call, decisionId) => void decisions.set(call, decisionId),
    isRunning: (decisionId) => [...decisions.values()].includes(decisionId),
    count: () => calls.size,
    idle: unused,
    async drain(ms) {
      isDraining = true;
      const timer = setTimeout(() => {
        for (const call of calls.keys()) call.signal.abort(shuttingDown());
      }, ms);
      await unused(null);
      clearTimeout(timer);
    },
  };
}

function overloaded(limit: number): AppError {
  return new AppError(`Too many requests at once (limits.in_flight is ${limit}).`, {
    status: 503,
    type: 'server_error',
    code: 'overloaded',
    headers: { 'retry-after': '1' },
  });
}

function shuttingDown(): AppError {
  return new AppError('The server is shutting down; ask again in a moment.', {
    status: 503,
    type: 'server_error',
    code: 'shutting_down',
    headers: { 'retry-after': '5', connection: 'close' },
  });
}
