import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addForgetCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('forget')
    .description('delete logged requests with their texts, vectors, feedback and judgements')
    .option('--id <decision...>', 'decision ids, as in the header x-pointsman-decision-id')
    .option('--session <hash...>', 'whole conversations, as in session_hash of the log')
    .option('--before <date>', 'all that arrived before a day or time (UTC), such as 2025-01-31')
    .option('--json', 'print the result as JSON (default: off)');
  addSettingOptions(command, { keys: ['db'] }).action(async (options: Options) => {
    const { runForget } = await import('../forget.ts');
    setExitCode(runForget(readInput(options, io), options, io));
  });
}
