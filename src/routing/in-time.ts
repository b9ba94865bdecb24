import type { CancelSignal } from '../cancellation.ts';

/**
 * Runs `work` with a signal of its own, which aborts with the parent's reason, or with `late()`
 * after `ms`; the promise rejects then at once, whatever the work does.
 */
export async function inTime<T>(
  work: (signal: AbortSignal) => Promise<T>,
  parent: CancelSignal,
  ms: number,
  late: () => Error,
): Promise<T> {
  parent.throwIfAborted();
  const controller = new AbortController();
  const onAbort = () => controller.abort(parent.reason);
  const timer = setTimeout(() => controller.abort(late()), ms);
  parent.addEventListener('abort', onAbort, { once: true });
  try {
    const aborted = new Promise<never>((_resolve, reject) => {
      const fail = () => reject(controller.signal.reason as Error);
      controller.signal.addEventListener('abort', fail, { once: true });
    });
    return await Promise.race([work(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', onAbort);
  }
}
