import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, scorerKeys, type Options } from '../setting-options.ts';

export function addCalibrateCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('calibrate')
    .description('find the threshold for a share of strong calls, a quality or a cost')
    .option('--strong-model-pct <share>', 'goal: share of strong calls, 0 to 1')
    .option(
      '--target-quality <pgr>',
      "goal: share of the strong model's measured advantage to keep, 0 to 1",
    )
    .option('--max-cost-per-1k <usd>', 'goal: US dollars for 1000 requests')
    .option('--prompts <file>', 'JSON lines or text to score (default: the scores of the log)')
    .option('--router <name>', 'router to calibrate (default: the first of --routers)')
    .option('--outcomes <kind>', 'explicit, judged or all outcomes of the log (default: all)')
    .option('--within <share>', 'widest half interval that is an answer (default: 0.1)')
    .option('--resamples <number>', 'bootstrap resamples (default: 1000)')
    .option('--svg <file>', 'draw the curve (default: off)')
    .option('--min-prompts <number>', 'refuse to find a share from fewer (default: 100)')
    .option('--apply', 'store it in the log database; a running server uses it (default: off)')
    .option('--json', 'print the result as JSON (default: off)');
  addSettingOptions(command, { keys: [...scorerKeys, 'db'] }).action(async (options: Options) => {
    const { calibrate } = await import('../run-with-scorer.ts');
    setExitCode(await calibrate(readInput(options, io), options, io));
  });
}
