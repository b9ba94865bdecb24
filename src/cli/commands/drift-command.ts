import type { Command } from 'commander';
import { defaults } from '../../config/defaults.ts';
import { noteTo, type CliContext } from '../cli-io.ts';
import { textOf, wholeNumber } from '../option-values.ts';
import { addSettingOptions, readInput, scorerKeys, type Options } from '../setting-options.ts';

export function addDriftCommand(program: Command, { io }: CliContext): void {
  const command = program
    .command('drift')
    .description(
      'compare the newest logged scores with those that the threshold was found from, or the weights bring',
    )
    .option('--router <name>', 'router whose scores are compared (default: the first of --routers)')
    .option('--newest <number>', 'how many of the newest scores', '1000')
    .option('--json', 'print JSON (default: off)');
  const fallbacks = { 'strong.model': 'that of the log', 'weak.model': 'that of the log' };
  const keys = ['db', ...scorerKeys];
  addSettingOptions(command, { keys, fallbacks }).action(async (options: Options) => {
    const { showDrift } = await import('../drift.ts');
    const { createScorerOf } = await import('../create-scorer.ts');
    const { loadSettings } = await import('../../config/load-config.ts');
    const { withScoredModels } = await import('../../config/tier-choice.ts');
    const settings = withScoredModels(loadSettings(readInput(options, io)).settings);
    const [first = defaults.routers[0]] = settings.routers ?? defaults.routers;
    const drift = {
      db: settings.db ?? defaults.db,
      router: textOf(options['router']) ?? first,
      newest: wholeNumber('--newest', String(options['newest']), 1),
      json: options['json'] === true,
      strongModel: settings.strong?.model,
      weakModel: settings.weak?.model,
    };
    await showDrift(drift, io, { createScorer: createScorerOf(settings, io.env, noteTo(io)) });
  });
}
