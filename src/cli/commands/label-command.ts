import type { Command } from 'commander';
import type { CliContext } from '../cli-io.ts';
import { addSettingOptions, readInput, type Options } from '../setting-options.ts';

const keys = [
  ...['strong.model', 'weak.model', 'base_url', 'api_key', 'api_key_env'],
  ...['strong.base_url', 'weak.base_url', 'strong.api_key_env', 'weak.api_key_env'],
  ...['judge.model', 'judge.base_url', 'judge.api_key_env', 'db', 'verbose'],
];

export function addLabelCommand(program: Command, { io, setExitCode }: CliContext): void {
  const command = program
    .command('label')
    .description('ask both models logged prompts, and store which answer a judge finds better')
    .option('--limit <number>', 'prompts at most (default: 200)')
    .option('--sample <how>', 'which first: random, uncertain, recent (default: random)')
    .option('--budget <usd>', 'US dollars, stop before going over it (default: no bound)')
    .option('--parallel <number>', 'prompts at the same time (default: 1)')
    .option('--yes', 'agree to the cost (default: asked at a terminal)')
    .option('--dry-run', 'show what it would do and cost, and ask nobody (default: off)')
    .option('--json', 'print the result as JSON (default: off)');
  const missing = 'none, it must be named';
  const fallbacks = { 'strong.model': missing, 'weak.model': missing, 'judge.model': missing };
  addSettingOptions(command, { keys, fallbacks }).action(async (options: Options) => {
    const { label } = await import('../label.ts');
    const deps = { signals: process, exit: (exitCode: number) => process.exit(exitCode) };
    setExitCode(await label(readInput(options, io), options, io, deps));
  });
}
