import type { Command } from 'commander';
import { defaults } from '../../config/defaults.ts';
import type { CliContext } from '../cli-io.ts';
import { textOf, wholeNumber } from '../option-values.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addDriftCommand(program: Command, { io }: CliContext): void {
  const command = program
    .command('drift')
    .description('compare the newest logged scores with those that the threshold was found from')
    .option('--router <name>', 'router whose scores are compared (default: the first of --routers)')
    .option('--newest <number>', 'how many of the newest scores', '1000')
    .option('--json', 'print JSON (default: off)');
  addSettingOptions(command, { keys: ['db', 'routers'] }).action(async (options: Options) => {
    const { showDrift } = await import('../drift.ts');
    const { loadSettings } = await import('../../config/load-config.ts');
    const { settings } = loadSettings(readInput(options, io));
    const [first = defaults.routers[0]] = settings.routers ?? defaults.routers;
    const drift = {
      db: settings.db ?? defaults.db,
      router: textOf(options['router']) ?? first,
      newest: wholeNumber('--newest', String(options['newest']), 1),
      json: options['json'] === true,
    };
    showDrift(drift, io);
  });
}
