import { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { scoreBatchHelp } from '../score-batch.ts';
import { addSettingOptions, readInput, scorerKeys, type Options } from '../setting-options.ts';

export function addScoreCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('score')
    .description('score JSON lines from stdin to stdout, without calling a model')
    .argument('[prompts...]', 'texts to score in place of stdin; their ids are 1, 2, …')
    .option('--router <name>', 'router that scores (default: the first of --routers)')
    .option('--json', 'accepted: JSON lines are what it writes in any case')
    .addHelpText('after', scoreBatchHelp);
  addSettingOptions(command, {
    keys: [...scorerKeys, 'threshold'],
    fallbacks: {
      'strong.model': 'none, it must be given',
      'weak.model': 'none, it must be given',
      threshold: "the router's own",
    },
  });
  command.action(async (prompts: string[], options: Options) => {
    const { score } = await import('../run-with-scorer.ts');
    const stdin = prompts.length > 0 ? Readable.from(jsonLines(prompts)) : io.stdin;
    setExitCode(await score(readInput(options, io), options, { ...io, stdin }));
  });
}

function jsonLines(prompts: readonly string[]): string[] {
  return prompts.map((prompt, i) => `${JSON.stringify({ id: i + 1, prompt })}\n`);
}
