import { setTimeout as sleep } from 'node:timers/promises';
import { maxRetryAfterMs, retryAfterMs } from '../dispatch/retry-after.ts';
import { AppError } from '../errors.ts';
import type { AskModel } from './ask-model.ts';

export interface WaitDeps {
  /** Told before each wait. */
  readonly onWait: (error: AppError, ms: number) => void;
  readonly now?: () => number;
}

/** Waits of one call, of a minute at most. */
const mostWaits = 10;
/** Doubled each time, where the model does not say how long. */
const firstMs = 1_000;

/** Asks again when a rate limit is over: nobody waits for this answer, and what was paid for it is not lost. */
export function waitWhenLimited(ask: AskModel, { onWait, now = Date.now }: WaitDeps): AskModel {
  return async function askInTurn(deployment, body, signal) {
    for (let waits = 0; ; waits++) {
      try {
        return await ask(deployment, body, signal);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'upstream_rate_limited') throw error;
        if (waits === mostWaits) throw error;
        const { headers } = error;
        const askedMs = retryAfterMs(headers, now());
        const isLonger = askedMs === null && (headers['retry-after'] ?? null) !== null;
        if (isLonger) throw error; // such as a day's quota
        const ms = askedMs ?? Math.min(maxRetryAfterMs, firstMs * 2 ** waits);
        onWait(error, ms);
        await sleep(ms, undefined, { signal });
      }
    }
  };
}
