import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgram } from '../../src/cli/create-program.ts';
import { readInput } from '../../src/cli/setting-options.ts';
import type { SettingsInput } from '../../src/config/load-config.ts';

/** Settings as an operator gives them: flags as on the command line, the text of a YAML file. */
export function configInput(
  flags: readonly string[],
  file: string | null = null,
  env: NodeJS.ProcessEnv = {},
): SettingsInput {
  const context = { io: { ...process, env }, setExitCode: () => {} };
  const serve = createProgram(context).commands.find((command) => command.name() === 'serve');
  if (!serve) throw new Error('there is no serve command');
  const more = file === null ? [] : ['--config', writeConfigFile(file)];
  serve.parseOptions([...flags, ...more]);
  return readInput(serve.opts(), { env });
}

export function writeConfigFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'pointsman-config-')), 'pointsman.yaml');
  writeFileSync(path, text);
  return path;
}
