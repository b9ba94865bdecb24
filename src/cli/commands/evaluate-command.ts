import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, scorerKeys, type Options } from '../setting-options.ts';

export function addEvaluateCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('evaluate')
    .description('measure routers on prompts whose outcomes are known, beside floors and oracle')
    .option('--data <paths...>', 'outcome files or folders (default: ../shared/data)')
    .option('--topic-data <paths...>', 'where the topic floor learns (default: train beside dev)')
    .option('--pair <strong/weak...>', 'a pair of models; may be repeated')
    .option('--pairs <file>', 'a file with a pair a line, or the word default: the reported six')
    .option('--without-contaminated', 'leave out rows close to RouteLLM’s training (default: off)')
    .option('--strong-price <in,out>', 'US dollars for a million tokens (default: no costs)')
    .option('--weak-price <in,out>', 'the same of the weak model')
    .option('--answer-tokens <number>', 'length of an answer, for costs (default: 264)')
    .option('--min-rows <number>', 'leave out sources with fewer rows (default: 40)')
    .option('--resamples <number>', 'bootstrap resamples for the intervals (default: 1000)')
    .option('--seed <number>', 'of the resamples (default: 1)')
    .option('--svg <file>', 'write the call-performance curves as a picture')
    .option('--html <file>', 'write a report with all tables and pictures, in one file')
    .option('--json', 'print the result as JSON (default: off)');
  const fallbacks = {
    'strong.model': 'none, a pair must be given',
    'weak.model': 'none, a pair must be given',
    db: 'none; a log instead of --data, see docs/evaluation.md',
  };
  const keys = [...scorerKeys, 'db'];
  addSettingOptions(command, { keys, fallbacks }).action(async (options: Options) => {
    const { evaluateFromOptions } = await import('../evaluate-options.ts');
    setExitCode(await evaluateFromOptions(readInput(options, io), options, io));
  });
}
