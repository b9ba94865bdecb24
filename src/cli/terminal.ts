import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Tells whether the terminal that the process writes to or reads from has been closed since this call. Always false
 * for a process without one, such as a service, or one that `nohup` took off it.
 */
export function watchTerminal(): () => boolean {
  const isAttached = [0, 1, 2].some((fd) => isatty(fd));
  return () => isAttached && !canOpenTerminal();
}

/** A closed terminal is no longer anybody's. */
function canOpenTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

/** Ends as a process that does not listen for the signal: Node's own way out aborts where the terminal is gone. */
export function endBy(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
