import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { CliIo } from './cli-io.ts';

/** Asks a person at a terminal; anything but yes is no. Null where nobody can be asked. */
export async function confirm(
  question: string,
  { stdin, stderr }: Pick<CliIo, 'stdin' | 'stderr'>,
): Promise<boolean | null> {
  const isTerminal = [stdin, stderr].every((stream) => 'isTTY' in stream && stream.isTTY === true);
  if (!isTerminal) return null;
  const lines = createInterface({ input: stdin, output: stderr });
  lines.once('SIGINT', () => lines.close());
  try {
    const closed = once(lines, 'close').then(() => '');
    const answer = await Promise.race([lines.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
