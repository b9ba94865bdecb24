import { CommanderError } from 'commander';
import { AppError, ConfigError } from '../errors.ts';
import type { CliIo } from './cli-io.ts';
import { createProgram } from './create-program.ts';

/** The exit code of what the operator can mend; 1 is for our own faults. */
const misuse = 2;

/**
 * Runs one command; every failure is one clear line on stderr and an exit code. With `--json` stdout
 * has it too, as `{"error": {"message", "type"}}`: a program that reads it never finds it empty.
 */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  const setExitCode = (code: number) => (exitCode = code);
  try {
    await createProgram({ io, setExitCode }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has written its own message, or what --help and --version print.
      if (error.exitCode === 0) return 0;
      writeJsonError(error.message.replace(/^error: /, '').replace('\n(', ' ('), misuse, args, io);
      return misuse;
    }
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`pointsman: ${message}\n`);
    if (args.includes('--verbose') && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    exitCode = error instanceof ConfigError || error instanceof AppError ? misuse : 1;
    writeJsonError(message, exitCode, args, io);
    return exitCode;
  }
}

function writeJsonError(
  message: string,
  exitCode: number,
  args: readonly string[],
  { stdout }: Pick<CliIo, 'stdout'>,
): void {
  if (!args.includes('--json')) return;
  const type = exitCode === misuse ? 'invalid_request_error' : 'server_error';
  stdout.write(`${JSON.stringify({ error: { message, type } })}\n`);
}
