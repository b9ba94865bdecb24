import type { CancelSignal } from '../cancellation.ts';

/** Waits `ms`. @throws the signal's reason as soon as it aborts. */
export function sleep(ms: number, signal: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason!);
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal.reason!);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
