import { PassThrough, Readable } from 'node:stream';
import type { CliIo } from '../../src/cli/cli-io.ts';
import { runCli } from '../../src/cli/run-cli.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Standard streams of a command, with what it wrote so far. */
export function fakeIo(env: NodeJS.ProcessEnv = {}, input = '') {
  const stdout = collect();
  const stderr = collect();
  const io: CliIo = {
    stdin: Readable.from([Buffer.from(input)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
    env,
  };
  return { io, stdout: stdout.text, stderr: stderr.text };
}

/** Runs a command in this process. */
export async function runCommand(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
  input = '',
): Promise<CliResult> {
  const { io, stdout, stderr } = fakeIo(env, input);
  const exitCode = await runCli(args, io);
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

function collect() {
  const stream = new PassThrough();
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return {
    stream,
    text: () => {
      text += (stream.read() as string | null) ?? '';
      return text;
    },
  };
}
