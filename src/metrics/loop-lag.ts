import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopLag {
  /** Seconds that work waited for the event loop since the last reading. */
  read(): { readonly p50: number; readonly p99: number; readonly max: number };
  close(): void;
}

const resolutionMs = 20;

/** Node's monitor measures how long its own timer of `resolutionMs` really took. */
export function watchLoopLag(): LoopLag {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1000);
  return {
    read() {
      const lag =
        delay.count === 0
          ? { p50: 0, p99: 0, max: 0 }
          : {
              p50: late(delay.percentile(50)),
              p99: late(delay.percentile(99)),
              max: late(delay.max),
            };
      delay.reset();
      return lag;
    },
    close: () => void delay.disable(),
  };
}
