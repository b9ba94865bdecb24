import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, scorerKeys, type Options } from '../setting-options.ts';

export function addCalibrateCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('calibrate')
    .description('find the threshold that sends a wanted share of prompts to the strong model')
    .requiredOption('--strong-model-pct <share>', 'wanted share of strong calls, 0 to 1')
    .option('--prompts <file>', 'JSON lines or text to score (default: the scores of the log)')
    .option('--router <name>', 'router to calibrate (default: the first of --routers)')
    .option('--min-prompts <number>', 'refuse to calibrate on fewer (default: by the share)')
    .option('--apply', 'store it in the log database; a running server uses it (default: off)')
    .option('--json', 'print the result as JSON (default: off)');
  addSettingOptions(command, { keys: [...scorerKeys, 'db'] }).action(async (options: Options) => {
    const { calibrate } = await import('../run-with-scorer.ts');
    setExitCode(await calibrate(readInput(options, io), options, io));
  });
}
