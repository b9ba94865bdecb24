import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addTrainCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('train')
    .description('train router weights from outcomes: how well models answered prompts')
    .option('--data <path>', 'JSONL file or folder of outcomes (default: ../shared/data)')
    .option('--out <file>', 'weights to write (default: models/mf-EMBEDDER.safetensors)')
    .option('--seed <number>', 'same seed and data, same bytes (default: 1)')
    .option(
      '--resume',
      'go on where a run with the same data and flags was cut off (default: off)',
    );
  const keys = ['embedder', 'embedding.base_url', 'embedding.model', 'embedding.api_key_env'];
  addSettingOptions(command, { keys }).action(async (options: Options) => {
    const { train } = await import('../train.ts');
    setExitCode(await train(readInput(options, io), options, io));
  });
}
