import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addCheckConfigCommand(program: Command, { io }: CliContext): void {
  const command = program
    .command('check-config')
    .description('check the settings as serve does before it loads models, and start nothing');
  command.option('--json', 'print the result as JSON (default: off)');
  addSettingOptions(command).action(async (options: Options) => {
    const { checkConfig } = await import('../check-config.ts');
    await checkConfig(readInput(options, io), io, options['json'] === true);
  });
}
