import type { Writable } from 'node:stream';

/** Lines to a stream that may be slow, or gone. */
export interface LineWriter {
  /**
   * Waits until the stream takes more. False when its reader has left (`| head`).
   * @throws Error when the stream failed otherwise, as with a full disk
   */
  write(line: string): Promise<boolean>;
}

export function createLineWriter(out: Writable): LineWriter {
  let failure: NodeJS.ErrnoException | null = null;
  let wake: (() => void) | null = null;
  const wakeUp = () => wake?.();
  // Stays for good: a broken pipe may report itself after the last line.
  out.on('error', (error) => {
    failure = error;
    wakeUp();
  });
  out.on('drain', wakeUp);
  out.on('close', wakeUp);

  function isOpen(): boolean {
    if (failure !== null && failure.code !== 'EPIPE') throw failure;
    return failure === null && out.writable;
  }

  return {
    async write(line) {
      if (!isOpen()) return false;
      if (!out.write(`${line}\n`)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return isOpen();
    },
  };
}
