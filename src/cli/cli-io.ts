import type { Readable, Writable } from 'node:stream';

/** What a command may touch of its process; tests hand in their own. */
export interface CliIo {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly env: NodeJS.ProcessEnv;
}

/** Tells the operator what a command noticed, one line each. */
export function noteTo({ stderr }: Pick<CliIo, 'stderr'>): (note: string) => void {
  return (note) => void stderr.write(`pointsman: note: ${note}\n`);
}

/** What a command gets of its surroundings. */
export interface CliContext {
  readonly io: CliIo;
  /** For a command that ends well with another code than 0. */
  readonly setExitCode: (exitCode: number) => void;
}
