import { Option, type Command } from 'commander';
import type { SettingsInput } from '../config/load-config.ts';
import { settingFlags, type SettingFlag } from '../config/setting-flags.ts';
import type { SettingsSource } from '../config/settings-source.ts';
import { ConfigError } from '../errors.ts';
import type { CliIo } from './cli-io.ts';
import { textOf } from './option-values.ts';

/** A command's options as commander gives them, by attribute name. */
export type Options = Readonly<Record<string, unknown>>;

/** What scoring a prompt needs: a pair of models by name and profile, a router, an embedder. */
export const scorerKeys = [
  'strong.model',
  'weak.model',
  'strong.profile',
  'weak.profile',
  'routers',
  'embedder',
  'embedding.base_url',
  'embedding.model',
  'embedding.api_key_env',
  'weights',
  'verbose',
] as const;

export interface SettingOptions {
  /** Which settings; without it all. */
  readonly keys?: readonly string[];
  /** What holds without a flag, where a command differs from `serve`. */
  readonly fallbacks?: Readonly<Record<string, string>>;
}

/** Adds `--config` and the flags of settings, each with its default in `--help`. */
export function addSettingOptions(
  command: Command,
  { keys, fallbacks = {} }: SettingOptions = {},
): Command {
  for (const flag of settingFlags) {
    if (keys !== undefined && !keys.includes(flag.key)) continue;
    const fallback = fallbacks[flag.key] ?? flag.fallback;
    command.addOption(new Option(flag.flag, `${flag.help} (default: ${fallback})`));
    if (flag.olderFlag === undefined) continue;
    command.addOption(new Option(flag.olderFlag, `the same as ${nameOf(flag.flag)}`));
  }
  return command.option(
    '--config <file>',
    'YAML file of settings; flags win over it (default: none)',
  );
}

/** @throws ConfigError when two spellings of a flag differ */
export function readInput(options: Options, { env }: Pick<CliIo, 'env'>): SettingsInput {
  return { configFile: textOf(options['config']) ?? null, flags: readSettingOptions(options), env };
}

/** The settings among a command's options, in the shape of the file. */
function readSettingOptions(options: Options): SettingsSource {
  const values: Record<string, unknown> = {};
  for (const flag of settingFlags) {
    const value = readFlag(flag, options);
    if (value === undefined) continue;
    const [section = '', key] = flag.key.split('.');
    if (key === undefined) values[section] = value;
    else values[section] = { ...(values[section] as object | undefined), [key]: value };
  }
  return {
    kind: 'flags',
    values,
    locate: (path) => {
      const flag = settingFlags.find(({ key }) => key === path.join('.'));
      return flag === undefined ? path.join('.') : nameOf(flag.flag);
    },
  };
}

function readFlag(flag: SettingFlag, options: Options): unknown {
  const value = options[new Option(flag.flag).attributeName()];
  if (flag.olderFlag === undefined) return value;
  const older = options[new Option(flag.olderFlag).attributeName()];
  if (value !== undefined && older !== undefined && value !== older) {
    throw new ConfigError(
      `${nameOf(flag.flag)} and ${nameOf(flag.olderFlag)} mean the same and have different values: give one of them`,
    );
  }
  return value ?? older;
}

/** `--port` of `--port <number>`. */
function nameOf(flag: string): string {
  return flag.split(' ')[0] ?? flag;
}
