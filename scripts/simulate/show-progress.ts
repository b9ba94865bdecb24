import type { Writable } from 'node:stream';
import { createProgress, type Progress } from '../../src/cli/progress.ts';

/** A bar on a terminal; elsewhere a line for each tenth. */
export function showProgress(stderr: Writable & { readonly isTTY?: boolean }): Progress {
  const bar = createProgress(stderr);
  if (stderr.isTTY === true) return bar;
  let [label, total, done] = ['', 0, 0];
  const update = (now: number): void => {
    const isNextTenth = Math.floor((10 * now) / total) > Math.floor((10 * done) / total);
    done = now;
    if (total > 0 && isNextTenth) stderr.write(`${label}: ${done} of ${total}\n`);
  };
  return {
    start(newLabel, newTotal) {
      [label, total, done] = [newLabel, newTotal, 0];
    },
    update,
    increment: () => update(done + 1),
    stop: bar.stop,
  };
}
