import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addTrainCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('train')
    .description(
      "fit the router to this pair's outcomes in the log; with --data, train new weights from files",
    )
    .option('--router <name>', 'router to correct by the log (default: the first of --routers)')
    .option('--apply', 'use the new head if it is better beyond noise (default: off)')
    .option('--json', 'print the result as JSON (default: off)')
    .option('--data <path>', 'JSONL file or folder of outcomes (default: none, the log)')
    .option('--out <file>', 'with --data: weights to write (default: mf-EMBEDDER.safetensors)')
    .option('--seed <number>', 'same seed and outcomes, same bytes (default: 1)')
    .option(
      '--resume',
      'with --data: go on where a run with the same data and flags was cut off (default: off)',
    );
  const keys = [
    'db',
    'routers',
    'embedder',
    'embedding.base_url',
    'embedding.model',
    'embedding.api_key_env',
  ];
  addSettingOptions(command, { keys }).action(async (options: Options) => {
    const { train } = await import('../train.ts');
    setExitCode(await train(readInput(options, io), options, io));
  });
}
