import { Option, type Command } from 'commander';
import { settingFlags, type SettingFlag } from '../config/setting-flags.ts';
import type { SettingsSource } from '../config/settings-source.ts';
import { ConfigError } from '../errors.ts';

/** Adds the flags of these settings, all of them unless said, each with its default in `--help`. */
export function addSettingOptions(command: Command, keys?: readonly string[]): Command {
  for (const flag of settingFlags) {
    if (keys !== undefined && !keys.includes(flag.key)) continue;
    command.addOption(new Option(flag.flag, `${flag.help} (default: ${flag.fallback})`));
    if (flag.olderFlag === undefined) continue;
    command.addOption(new Option(flag.olderFlag, `the same as ${nameOf(flag.flag)}`));
  }
  return command;
}

/** The settings among a command's options, in the shape of the file. */
export function readSettingOptions(options: Readonly<Record<string, unknown>>): SettingsSource {
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

/** @throws ConfigError when both spellings are given and differ. */
function readFlag(flag: SettingFlag, options: Readonly<Record<string, unknown>>): unknown {
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
