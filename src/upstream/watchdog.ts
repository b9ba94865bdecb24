/**
 * One timer that bounds each phase of an upstream call, and one that bounds the whole. When either
 * runs out, `signal` aborts with the error that says which. Aborts, too, when `parent` does.
 * (undici's own timers are coarse: 300 ms asked for fires after 742 to 1004 ms.)
 */
export interface Watchdog {
  readonly signal: AbortSignal;
  /** Starts a phase: it must be over, or `expect`ed anew, within `ms`. */
  expect(ms: number, error: () => Error): void;
  /** Restarts the current phase's time, as after each chunk. */
  readonly refresh: () => void;
  /** Stops the phase's clock until the next `refresh`: what is waited for is not the upstream. */
  pause(): void;
  /** Ends all timing; the signal stays as it is. */
  stop(): void;
}

export function createWatchdog(
  parent: AbortSignal,
  totalMs: number,
  totalError: () => Error,
): Watchdog {
  const controller = new AbortController();
  let phase: NodeJS.Timeout | undefined;
  let isPaused = false;
  const total = setTimeout(() => controller.abort(totalError()), totalMs);
  const onParentAbort = () => {
    stop();
    controller.abort(parent.reason);
  };
  function stop() {
    clearTimeout(phase);
    clearTimeout(total);
    parent.removeEventListener('abort', onParentAbort);
  }
  if (parent.aborted) onParentAbort();
  else parent.addEventListener('abort', onParentAbort, { once: true });
  return {
    signal: controller.signal,
    expect(ms, error) {
      clearTimeout(phase);
      isPaused = false;
      if (controller.signal.aborted) return;
      phase = setTimeout(() => {
        if (isPaused) phase?.refresh();
        else controller.abort(error());
      }, ms);
    },
    refresh() {
      isPaused = false;
      phase?.refresh();
    },
    pause() {
      isPaused = true;
    },
    stop,
  };
}
