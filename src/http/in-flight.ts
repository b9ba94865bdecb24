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

interface Running {
  readonly call: Call;
  readonly serving: Serving;
  decisionId: string | null;
}

export function createInFlight(): InFlight {
  /**
   * A list, in no order, and no map: whenever V8 makes a map's table anew, the old one keeps all that ran
   * at that moment, and points to the new one, until the next full collection.
   */
  const running: Running[] = [];
  let isDraining = false;
  let waiting: { serving: Serving | null; resolve: () => void }[] = [];

  function isUsed(serving: Serving | null): boolean {
    return running.some((one) => serving === null || one.serving === serving);
  }

  /** @param serving null: any */
  async function unused(serving: Serving | null): Promise<void> {
    if (isUsed(serving)) await new Promise<void>((resolve) => waiting.push({ serving, resolve }));
  }

  function leave(one: Running): void {
    const at = running.indexOf(one);
    if (at === -1) return;
    const last = running.pop()!;
    if (last !== one) running[at] = last;
    if (waiting.length === 0) return;
    const over = waiting.filter(({ serving }) => !isUsed(serving));
    waiting = waiting.filter((one) => !over.includes(one));
    for (const { resolve } of over) resolve();
  }

  return {
    enter(call, serving) {
      if (isDraining) throw shuttingDown();
      const limit = serving.limits.inFlight;
      if (running.length >= limit) throw overloaded(limit);
      const one: Running = { call, serving, decisionId: null };
      running.push(one);
      return () => leave(one);
    },
    decided(call, decisionId) {
      const one = running.find((one) => one.call === call);
      if (one !== undefined) one.decisionId = decisionId;
    },
    isRunning: (decisionId) => running.some((one) => one.decisionId === decisionId),
    count: () => running.length,
    idle: unused,
    async drain(ms) {
      isDraining = true;
      const timer = setTimeout(() => {
        for (const { call } of [...running]) call.signal.abort(shuttingDown());
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
