import type { Command } from 'commander';
import { ConfigError } from '../../errors.ts';
import type { CliContext, CliIo } from '../cli-io.ts';
import { textOf } from '../option-values.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

const embedderKeys = [
  'embedder',
  'embedding.base_url',
  'embedding.model',
  'embedding.api_key_env',
  'weights',
  'verbose',
] as const;

export function addModelsCommand(program: Command, { io, setExitCode }: CliContext): void {
  const models = program
    .command('models')
    .description('list the models that the router knows, with the outcomes behind each')
    .argument('[filter]', 'part of a name or family')
    .option(
      '--weights <file>',
      'with the models added to these weights (default: the shipped ones)',
    )
    .option('--json', 'print JSON (default: off)')
    .action(async (filter: string | undefined, options: Options) => {
      const { listModels } = await import('../list-models.ts');
      const weights = textOf(options['weights']) ?? null;
      listModels({ filter: filter ?? null, weights, json: options['json'] === true }, io);
    });

  const add = models
    .command('add')
    .description('place a new model from 50 to 200 scored prompts, without training again')
    .argument('<name>', 'name of the model, as in model strings')
    .requiredOption('--outcomes <file>', 'JSON lines {"prompt", "score": 0..1}, or outcome rows')
    .requiredOption('--weights-out <file>', 'where the weights with the new model go')
    .option('--family <name>', "its family, such as llama (default: from the model's name)")
    .option('--billions <number>', "its size in billions (default: from the model's name)")
    .option('--json', 'print JSON (default: off)');
  addSettingOptions(add, { keys: embedderKeys });
  add.action(async (name: string, _own: Options, command: Command) => {
    // --weights stands before or after "add": both commands have it.
    const options: Options = command.optsWithGlobals();
    const { addModel } = await import('../add-model.ts');
    const { loadSettings } = await import('../../config/load-config.ts');
    const { settings, warnings } = loadSettings(readInput(options, io));
    for (const warning of warnings) io.stderr.write(`pointsman: warning: ${warning}\n`);
    const flags = {
      name,
      outcomes: String(options['outcomes']),
      weightsOut: String(options['weightsOut']),
      family: textOf(options['family']) ?? null,
      billions: parseBillions(options['billions']),
      json: options['json'] === true,
    };
    await addModel(flags, settings, io);
  });
  addHeadCommands(models, { io, setExitCode });
}

function addHeadCommands(models: Command, { io, setExitCode }: CliContext): void {
  const heads = models
    .command('heads')
    .description('list the local heads that `train --apply` stored, with what each was measured at')
    .option('--json', 'print JSON (default: off)');
  addSettingOptions(heads, { keys: ['db'] });
  heads.action(async (_own: Options, command: Command) => {
    const options: Options = command.optsWithGlobals();
    const { listHeads } = await import('../list-heads.ts');
    listHeads(await databaseOf(options, io), options['json'] === true, io);
  });

  const rollback = models
    .command('rollback')
    .description('withdraw the newest local head; a running server goes back at once')
    .option('--router <name>', 'of this router only (default: of any)')
    .option('--json', 'print JSON (default: off)');
  addSettingOptions(rollback, { keys: ['db'] });
  rollback.action(async (_own: Options, command: Command) => {
    const options: Options = command.optsWithGlobals();
    const { rollBack } = await import('../roll-back.ts');
    const router = textOf(options['router']) ?? null;
    const flags = { db: await databaseOf(options, io), router, json: options['json'] === true };
    setExitCode(await rollBack(flags, io));
  });
}

async function databaseOf(options: Options, io: CliIo): Promise<string> {
  const { loadSettings } = await import('../../config/load-config.ts');
  const { defaults } = await import('../../config/defaults.ts');
  return loadSettings(readInput(options, io)).settings.db ?? defaults.db;
}

function parseBillions(value: unknown): number | null {
  if (value === undefined) return null;
  const billions = Number(value);
  if (billions > 0 && Number.isFinite(billions)) return billions;
  throw new ConfigError(`--billions is ${JSON.stringify(value)}; give a number over 0, such as 8`);
}
