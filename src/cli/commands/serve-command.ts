import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { endBy, watchTerminal } from '../terminal.ts';
import { tuneHeap } from '../tune-heap.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

export function addServeCommand(program: Command, { io }: CliContext): void {
  addSettingOptions(program.command('serve').description('start the server'))
    .option(
      '--workers <number>',
      'accepted for RouteLLM, and ignored: one process serves (default: 1)',
    )
    .action(async (options: Options) => {
      if (options['workers'] !== undefined) {
        io.stderr.write('pointsman: warning: --workers is ignored: one process serves\n');
      }
      tuneHeap();
      const { serve } = await import('../serve.ts');
      const signal = await serve(readInput(options, io), io, {
        startServer: async (config, parts) =>
          (await import('../../main.ts')).startServer(config, parts),
        signals: process,
        exit: (exitCode) => process.exit(exitCode),
        isTerminalGone: watchTerminal(),
      });
      if (signal === 'SIGHUP') endBy(signal);
    });
}
