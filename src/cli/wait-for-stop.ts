import type { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';

/** npm hands a Ctrl-C on to us that the terminal sent us already: both within this time. */
const sameKeyPressMs = 500;

export interface StopDeps {
  /** Sends signals: the process. */
  readonly signals: EventEmitter;
  /** Called when the operator asks again, with the exit code that shells expect of a killed process. */
  readonly exit: (exitCode: number) => void;
  /** Whether SIGHUP means that the terminal was closed; left out: SIGHUP is not listened for. */
  readonly isTerminalGone?: () => boolean;
  readonly now?: () => number;
}

/** Resolves at the first SIGTERM or SIGINT, or when the terminal is closed, so that running requests can finish. */
export function waitForStop({
  signals,
  exit,
  isTerminalGone,
  now = () => performance.now(),
}: StopDeps): Promise<NodeJS.Signals> {
  const exitCodes = { SIGTERM: 143, SIGINT: 130 } as const;
  return new Promise((resolve) => {
    if (isTerminalGone) {
      const onHangUp = () => isTerminalGone() && resolve('SIGHUP');
      signals.on('SIGHUP', onHangUp);
      onHangUp(); // It may have been closed before.
    }
    let firstMs: number | null = null;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      signals.on(name, () => {
        const nowMs = now();
        firstMs ??= nowMs;
        if (nowMs - firstMs > sameKeyPressMs) exit(exitCodes[name]);
        resolve(name);
      });
    }
  });
}
