import { describeGroups, groupsJson } from '../config/describe-groups.ts';
import { loadConfig, type SettingsInput } from '../config/load-config.ts';
import { demoPair } from '../demo/demo-models.ts';
import type { CliIo } from './cli-io.ts';

/** `pointsman check-config`: makes every check that `serve` makes before it loads models; @throws ConfigError like it. */
export async function checkConfig(input: SettingsInput, io: CliIo, json = false): Promise<void> {
  const nowhere = { base_url: 'http://127.0.0.1' };
  const { config, warnings } = await loadConfig(input, () =>
    Promise.resolve({
      strong: { ...demoPair.strong, ...nowhere },
      weak: { ...demoPair.weak, ...nowhere },
      demo: true,
    }),
  );
  if (json) {
    const groups = config.demo ? [] : groupsJson(config);
    io.stdout.write(`${JSON.stringify({ valid: true, warnings, groups }, null, 2)}\n`);
    return;
  }
  for (const warning of warnings) io.stderr.write(`pointsman: warning: ${warning}\n`);
  io.stdout.write('The configuration is good.\n');
  io.stdout.write(
    config.demo
      ? '  no model is named: serve takes two of a local Ollama, else simulated ones\n'
      : describeGroups(config)
          .map((line) => `  ${line}\n`)
          .join(''),
  );
}
