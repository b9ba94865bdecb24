import { CommanderError } from 'commander';
import { AppError, ConfigError } from '../errors.ts';
import type { CliIo } from './cli-io.ts';
import { createProgram } from './create-program.ts';

/** The exit code of what the operator can mend; 1 is for our own faults. */
const misuse = 2;

/** Runs one command; every failure is one clear line on stderr and an exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  let exitCode = 0;
  const setExitCode = (code: number) => (exitCode = code);
  try {
    await createProgram({ io, setExitCode }).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its own message, or what --help and --version print.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misuse;
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`pointsman: ${message}\n`);
    if (args.includes('--verbose') && error instanceof Error) io.stderr.write(`${error.stack}\n`);
    return error instanceof ConfigError || error instanceof AppError ? misuse : 1;
  }
}
