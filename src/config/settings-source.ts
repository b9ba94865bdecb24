import type { z } from 'zod';
import { nearestName } from '../nearest-name.ts';
import { nameSetting } from './setting-flags.ts';
import { listSettingKeys, settingsSchema, type Settings } from './settings-schema.ts';

/** Settings as written in one place, the file or the flags, not yet checked. */
export interface SettingsSource {
  readonly kind: 'file' | 'flags';
  readonly values: unknown;
  /** The key's name and place for a message: `--port` or `port (pointsman.yaml, line 3)`. */
  readonly locate: (path: readonly PropertyKey[]) => string;
}

export interface ParsedSource {
  readonly settings: Settings;
  /** One line each: key, value, fix. Without any, the settings are good. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

const fromEnvironment = 'os.environ/';
const secretKey = /api_key(_env)?$/;

/** What other programs' files say, and what to do about it here. */
const foreignKeys: Readonly<Record<string, string>> = {
  model_list: "LiteLLM's configuration is not read: name the models under strong and weak",
  bert: "RouteLLM's router settings are not read: this router does not exist here",
  causal_llm: "RouteLLM's router settings are not read: this router does not exist here",
  sw_ranking: "RouteLLM's router settings are not read: this router does not exist here",
  mf: "RouteLLM's router settings are not read: name a weights file by the key weights",
};

/** Puts in the variables that the source names by `os.environ/NAME`, then checks every key. */
export function parseSource(source: SettingsSource, env: NodeJS.ProcessEnv): ParsedSource {
  const problems: string[] = [];
  const warnings = literalKeyWarnings(source);
  const values = putInVariables(source.values, [], (path, name) => {
    const value = env[name];
    if (value === undefined || value === '') {
      problems.push(`${source.locate(path)} names the ${missingVariable(name, value)}`);
      return undefined;
    }
    return value;
  });
  const parsed = settingsSchema.safeParse(values);
  if (parsed.success) return { settings: parsed.data, problems, warnings };
  problems.push(...parsed.error.issues.flatMap((issue) => describeIssue(issue, source, values)));
  return { settings: {}, problems, warnings };
}

/** "environment variable X, which is not set: ..." as the end of a message. */
export function missingVariable(name: string, value: string | undefined): string {
  const state = value === undefined ? 'not set' : 'empty';
  return `environment variable ${name}, which is ${state}: set it (export ${name}=...) or leave the setting out`;
}

function putInVariables(
  value: unknown,
  path: readonly PropertyKey[],
  read: (path: readonly PropertyKey[], name: string) => string | undefined,
): unknown {
  if (typeof value === 'string' && value.startsWith(fromEnvironment)) {
    return read(path, value.slice(fromEnvironment.length));
  }
  if (Array.isArray(value))
    return value.map((item, index) => putInVariables(item, [...path, index], read));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    putInVariables(inner, [...path, key], read),
  ]);
  return Object.fromEntries(entries) as unknown;
}

function describeIssue(issue: z.core.$ZodIssue, source: SettingsSource, values: unknown): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeUnknownKey([...issue.path, key], source));
  }
  const place = source.locate(issue.path);
  if (issue.code === 'invalid_type') {
    return [
      issue.path.length === 0
        ? 'the file must hold keys and values'
        : `${place} must be a section with keys of its own`,
    ];
  }
  const isSecret = secretKey.test(String(issue.path.at(-1)));
  const value = isSecret ? '' : ` is ${JSON.stringify(valueAt(values, issue.path))}:`;
  return [`${place}${value} ${isSecret ? '' : 'it '}${issue.message}`];
}

function describeUnknownKey(path: readonly PropertyKey[], source: SettingsSource): string {
  const key = String(path.at(-1));
  const section = path
    .slice(0, -1)
    .map((part) => `${String(part)}.`)
    .join('');
  const known = listSettingKeys();
  const siblings = known
    .filter((name) => name.startsWith(section))
    .map((name) => name.slice(section.length));
  const names = [...new Set(siblings.map((name) => name.split('.')[0] ?? name))];
  const nearest = nearestName(key, names);
  const elsewhere = known.filter((name) => name.endsWith(`.${key}`));
  let fix = `known keys here: ${names.join(', ')}`;
  if (section === '' && Object.hasOwn(foreignKeys, key)) fix = foreignKeys[key] ?? fix;
  else if (nearest !== null) fix = `did you mean ${section}${nearest}?`;
  else if (elsewhere.length > 0) fix = `did you mean ${elsewhere.join(' or ')}?`;
  return `${source.locate(path)} is not a known key: ${fix}`;
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Record<PropertyKey, unknown>)[key]
        : undefined,
    values,
  );
}

/** A key as plain text is fine for `ollama`, and a leak waiting to happen for a real one. */
function literalKeyWarnings(source: SettingsSource): string[] {
  return [['api_key'], ['strong', 'api_key'], ['weak', 'api_key']].flatMap((path) => {
    const key = valueAt(source.values, path);
    if (typeof key !== 'string' || key.startsWith(fromEnvironment)) return [];
    const variable = nameSetting(`${path.join('.')}_env`);
    if (source.kind === 'flags') {
      return `${source.locate(path)}: the process list shows the key to everyone on this machine; name an environment variable by ${variable} instead`;
    }
    if (!looksReal(key)) return [];
    return `${source.locate(path)} looks like a real key: keep it in an environment variable and name that by ${variable}`;
  });
}

function looksReal(key: string): boolean {
  return /^(sk-|gsk_|xai-|hf_|csk-)/.test(key) || (key.length >= 24 && /\d/.test(key));
}
