import type { Command } from 'commander';
import { defaults } from '../../config/defaults.ts';
import { ConfigError } from '../../errors.ts';
import type { CliContext } from '../cli-io.ts';
import { textOf, wholeNumber } from '../option-values.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addCascadeCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('cascade')
    .description('measure from the log what the confidence of a cascade knows, escalates and costs')
    .option('--router <name>', 'router whose requests are read (default: the first of --routers)')
    .option(
      '--min-confidence <number>',
      'bound to look at (default: cascade.min_confidence of the settings)',
    )
    .option('--resamples <number>', 'bootstrap resamples', '1000')
    .option('--json', 'print JSON (default: off)');
  addSettingOptions(command, { keys: ['db', 'routers'] }).action(async (options: Options) => {
    const { showCascade } = await import('../cascade.ts');
    const { loadSettings } = await import('../../config/load-config.ts');
    const { settings } = loadSettings(readInput(options, io));
    const [first = defaults.routers[0]] = settings.routers ?? defaults.routers;
    const bound = settings.cascade?.min_confidence ?? defaults.cascade.min_confidence;
    const cascade = {
      db: settings.db ?? defaults.db,
      router: textOf(options['router']) ?? first,
      bound: parseBound(options['minConfidence'] ?? bound),
      resamples: wholeNumber('--resamples', String(options['resamples']), 100, 100_000),
      json: options['json'] === true,
    };
    setExitCode(showCascade(cascade, io));
  });
}

function parseBound(value: unknown): number {
  const bound = Number(value);
  if (String(value).trim() !== '' && bound >= -20 && bound <= 0) return bound;
  throw new ConfigError(
    `--min-confidence ${String(value)} is not a mean log-probability from -20 to 0.`,
  );
}
