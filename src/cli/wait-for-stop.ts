import type { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';

/** npm hands a Ctrl-C on to us that the terminal sent us already: both within this time. */
const sameKeyPressMs = 500;

/**
 * Resolves at the first SIGTERM or SIGINT, so that running requests can finish; `onSecond` is
 * called when the operator asks again, with the exit code that shells expect of a killed process.
 *
 * @param signals the process
 */
export function waitForStop(
  signals: EventEmitter,
  onSecond: (exitCode: number) => void,
  now: () => number = () => performance.now(),
): Promise<NodeJS.Signals> {
  const exitCodes = { SIGTERM: 143, SIGINT: 130 } as const;
  return new Promise((resolve) => {
    let firstMs: number | null = null;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      signals.on(name, () => {
        const nowMs = now();
        firstMs ??= nowMs;
        if (nowMs - firstMs > sameKeyPressMs) onSecond(exitCodes[name]);
        resolve(name);
      });
    }
  });
}
