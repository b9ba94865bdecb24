import type { CancelSignal } from '../cancellation.ts';

/**
 * One timer that bounds each phase of an upstream call, and one that bounds the whole. When either
 * runs out, the call is aborted with the error that says which; and when `parent` aborts, with its
 * reason. (undici's own timers are coarse: 300 ms asked for fires after 742 to 1004 ms.)
 */
export interface Watchdog {
  /** Why the call was aborted; null while it was not. */
  reason(): Error | null;
  /** Starts a phase: it must be over, or `expect`ed anew, within `ms`. */
  expect(ms: number, error: () => Error): void;
  /** Restarts the current phase's time, as after each chunk. */
  readonly refresh: () => void;
  /** Stops the phase's clock until the next `refresh`: what is waited for is not the upstream. */
  pause(): void;
  /** Ends all timing. */
  stop(): void;
}

export function createWatchdog(
  parent: CancelSignal,
  totalMs: number,
  totalError: () => Error,
  /** Called once at the most, also from within this function. */
  abortCall: (reason: Error) => void,
): Watchdog {
  let reason: Error | null = null;
  let phase: NodeJS.Timeout | undefined;
  /**
   * Timers run before what has come on the sockets is read: after a moment in which this process
   * stood still, that is looked at first, and only then is it silence.
   */
  let dueCheck: NodeJS.Immediate | undefined;
  let isPaused = false;
  const total = setTimeout(() => abort(totalError()), totalMs);
  const onParentAbort = () => {
    stop();
    abort(parent.reason!);
  };
  function abort(why: Error) {
    if (reason !== null) return;
    reason = why;
    abortCall(why);
  }
  function stop() {
    clearTimeout(phase);
    clearImmediate(dueCheck);
    clearTimeout(total);
    parent.removeEventListener('abort', onParentAbort);
  }
  if (parent.aborted) onParentAbort();
  else parent.addEventListener('abort', onParentAbort, { once: true });
  return {
    reason: () => reason,
    expect(ms, error) {
      clearTimeout(phase);
      clearImmediate(dueCheck);
      isPaused = false;
      if (reason !== null) return;
      const timer = setTimeout(() => {
        if (isPaused) timer.refresh();
        else dueCheck = setImmediate(() => abort(error()));
      }, ms);
      phase = timer;
    },
    refresh() {
      isPaused = false;
      clearImmediate(dueCheck);
      phase?.refresh();
    },
    pause() {
      isPaused = true;
      clearImmediate(dueCheck);
    },
    stop,
  };
}
