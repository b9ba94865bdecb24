import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddingError } from '../errors.ts';
import { StatusError } from '../routing/status-error.ts';

const pausesMs = [1_000, 4_000, 15_000];

/** Asks again after a rate limit or a failure of the server: nobody waits, and what was paid for is not lost. */
export async function scorePatiently<T>(
  score: () => Promise<T>,
  pauses: readonly number[] = pausesMs,
): Promise<T> {
  for (const pause of pauses) {
    try {
      return await score();
    } catch (error) {
      if (!isTransient(error)) throw error;
      await sleep(pause);
    }
  }
  return score();
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof EmbeddingError && error.cause instanceof StatusError && error.cause.isTransient
  );
}
