import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addForgetCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('forget')
    .description('delete logged requests with their texts, vectors, feedback and judgements')
    .option('--id <decision...>', 'decision ids, as in the header x-pointsman-decision-id')
    .option(
      '--session <name...>',
      'whole conversations: the name of the client, or session_hash of the log',
    )
    .option('--before <date>', 'all that arrived before a day or time (UTC), such as 2025-01-31')
    .option('--json', 'print the result as JSON (default: off)');
  const fallbacks = { client_keys_env: 'keys of the config file; a session is named within a key' };
  addSettingOptions(command, { keys: ['db', 'client_keys_env'], fallbacks }).action(
    async (options: Options) => {
      const { runForget } = await import('../forget.ts');
      setExitCode(runForget(readInput(options, io), options, io));
    },
  );
}
