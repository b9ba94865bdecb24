import type { Command } from 'commander';
import { ConfigError } from '../../errors.ts';
import type { CliContext } from '../cli-io.ts';
import { textOf } from '../option-values.ts';
import type { Options } from '../setting-options.ts';

export function addImportRoutellmCommand(program: Command, { io }: CliContext): void {
  program
    .command('import-routellm')
    .description("turn RouteLLM's mf checkpoint (model.safetensors) into router weights")
    .requiredOption('--checkpoint <file>', 'model.safetensors of a published mf router')
    .requiredOption('--out <file>', 'where the router weights go')
    .option('--strong-model <id>', 'model of the checkpoint (default: gpt-4-1106-preview)')
    .option('--weak-model <id>', 'model of the checkpoint (default: mixtral-8x7b-instruct-v0.1)')
    .option('--all', 'keep all models; the pair is chosen by --strong-profile and --weak-profile')
    .option('--json', 'print the result as JSON (default: off)')
    .action(async (options: Options) => {
      const strongModel = textOf(options['strongModel']) ?? null;
      const weakModel = textOf(options['weakModel']) ?? null;
      const all = options['all'] === true;
      if (all && (strongModel ?? weakModel) !== null) {
        throw new ConfigError('--all keeps every model: leave --strong-model and --weak-model out');
      }
      const { importRoutellm } = await import('../import-routellm.ts');
      const files = { checkpoint: String(options['checkpoint']), out: String(options['out']) };
      const json = options['json'] === true;
      importRoutellm({ ...files, strongModel, weakModel, all, json }, io);
    });
}
