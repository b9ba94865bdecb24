import { Command } from 'commander';
import type { SettingsInput } from '../config/load-config.ts';
import { version } from '../version.ts';
import type { CliIo } from './cli-io.ts';
import { addSettingOptions, readSettingOptions } from './setting-options.ts';

type Options = Readonly<Record<string, unknown>>;

const configOption = [
  '--config <file>',
  'YAML file of settings; flags win over it (default: none)',
] as const;

/** The commands and their flags. Each loads its own code when it runs, so that help is instant. */
export function createProgram(io: CliIo): Command {
  const program = new Command('pointsman')
    .description(
      'Sends each prompt to a strong or a weak model, behind one OpenAI-compatible address.',
    )
    .version(version())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      outputError: (text, write) =>
        write(text.replace(/^error: /, 'pointsman: ').replace('\n(', ' (')),
    });

  addSettingOptions(program.command('serve').description('start the server'))
    .option(...configOption)
    .option(
      '--workers <number>',
      'accepted for RouteLLM, and ignored: one process serves (default: 1)',
    )
    .action(async (options: Options) => {
      if (options['workers'] !== undefined) {
        io.stderr.write('pointsman: warning: --workers is ignored: one process serves\n');
      }
      const { serve } = await import('./serve.ts');
      await serve(readInput(options, io), io, {
        startServer: async (config, parts) =>
          (await import('../main.ts')).startServer(config, parts),
        signals: process,
        exit: (exitCode) => process.exit(exitCode),
      });
    });

  addSettingOptions(
    program
      .command('check-config')
      .description('check the settings as serve does, and start nothing'),
  )
    .option(...configOption)
    .action(async (options: Options) => {
      const { checkConfig } = await import('./check-config.ts');
      await checkConfig(readInput(options, io), io);
    });

  return program;
}

function readInput(options: Options, io: CliIo): SettingsInput {
  const configFile = typeof options['config'] === 'string' ? options['config'] : null;
  return { configFile, flags: readSettingOptions(options), env: io.env };
}
