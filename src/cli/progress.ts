import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';

export interface Progress {
  readonly start: (label: string, total: number) => void;
  readonly update: (done: number) => void;
  readonly increment: () => void;
  readonly stop: () => void;
}

/** One bar after the other, on a terminal only. */
export function createProgress(stderr: Writable): Progress {
  const isTerminal = 'isTTY' in stderr && stderr.isTTY === true;
  let bar: SingleBar | null = null;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    start(label, total) {
      stop();
      if (!isTerminal) return;
      const format = `${label} [{bar}] {value}/{total}, {eta_formatted} left`;
      bar = new SingleBar({ format, stream: stderr, clearOnComplete: true });
      bar.start(total, 0);
    },
    update: (done) => void bar?.update(done),
    increment: () => void bar?.increment(),
    stop,
  };
}
