import type { z } from 'zod';
import { isObject } from '../is-object.ts';
import { describeIssue } from './describe-issue.ts';
import { literalKeyWarnings, plainClientKeyWarnings } from './key-warnings.ts';
import { takeOutIgnored } from './litellm-keys.ts';
import { modelEntrySchema } from './litellm-schema.ts';
import type { ModelEntry } from './model-entry.ts';
import { settingsSchema, type Settings } from './settings-schema.ts';
import { valueAt } from '../value-at.ts';

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
  /** The environment, with the file's own `environment_variables` over it. */
  readonly env: NodeJS.ProcessEnv;
}

/** In front of the name of a variable whose value is to stand there. */
export const fromEnvironment = 'os.environ/';

/**
 * Takes out what only LiteLLM acts on, puts in the variables that are named by `os.environ/NAME`,
 * then checks every key.
 */
export function parseSource(source: SettingsSource, outerEnv: NodeJS.ProcessEnv): ParsedSource {
  const { values: ours, ignored } = takeOutIgnored(source.values);
  const warnings = [...literalKeyWarnings(source), ...plainClientKeyWarnings(source)];
  const problems: Problem[] = [];
  const withVariables = (value: unknown, path: readonly PropertyKey[], env: NodeJS.ProcessEnv) =>
    putInVariables(value, path, (at, name) => {
      const found = env[name];
      if (found !== undefined && found !== '') return found;
      problems.push({ at, text: `${source.locate(at)} names the ${missingVariable(name, found)}` });
      return undefined;
    });
  const section = valueAt(ours, ['environment_variables']);
  const own = isObject(section) ? section : {};
  const env = {
    ...outerEnv,
    ...textsOf(withVariables(own, ['environment_variables'], outerEnv)),
  };
  const values = withVariables(without(ours, 'environment_variables'), [], env);

  const isStrict = valueAt(values, ['strict']) === true;
  for (const at of ignored) {
    const text = `${source.locate(at)} is LiteLLM's and has no effect here`;
    if (isStrict) problems.push({ at: [], text: `${text}: take it out, or leave strict out` });
    else warnings.push(text + (at.at(-1) === 'master_key' ? masterKeyHint : ''));
  }
  const context = { source, values, problems };
  const parsed = settingsSchema.safeParse(values);
  if (!parsed.success) tellIssues(parsed.error, [], context);
  const { model_list: list = [], ...settings } = parsed.success ? parsed.data : {};
  const entries = list.map((item, index) => parseEntry(item, ['model_list', index], context));
  const model_list = entries.filter((entry) => entry !== null);

  const isSkipped = ({ at }: Problem) =>
    skipsInvalidDeployments(settings) && at[0] === 'model_list' && typeof at[1] === 'number';
  return {
    settings: list.length > 0 ? { ...settings, model_list } : settings,
    problems: problems.filter((one) => !isSkipped(one)).map(({ text }) => text),
    warnings: [
      ...warnings,
      ...problems.filter(isSkipped).map(({ text }) => `left out of its group: ${text}`),
    ],
    env,
  };
}

const masterKeyHint = ': no client is asked for it; client_keys_env and admin_key_env name keys';

/** LiteLLM's word for going on without the entries that are wrong. */
export function skipsInvalidDeployments(settings: Settings): boolean {
  const { router_settings: router, litellm_settings: litellm } = settings;
  return router?.ignore_invalid_deployments ?? litellm?.ignore_invalid_deployments ?? false;
}

interface Problem {
  readonly at: readonly PropertyKey[];
  readonly text: string;
}

interface ParseContext {
  readonly source: SettingsSource;
  readonly values: unknown;
  readonly problems: Problem[];
}

function parseEntry(item: unknown, at: [string, number], context: ParseContext): ModelEntry | null {
  const { source, problems } = context;
  const told = problems.length;
  const parsed = modelEntrySchema.safeParse(item);
  if (!parsed.success) tellIssues(parsed.error, at, context);
  else {
    const { model_name: name, litellm_params: params } = parsed.data;
    const isNamed = valueAt(item, ['model_name']) !== undefined;
    if (name === undefined && !isNamed)
      problems.push({ at, text: `${source.locate([...at, 'model_name'])} is missing: give it` });
    if (params.model === undefined)
      problems.push({
        at,
        text: `${source.locate([...at, 'litellm_params', 'model'])} is missing: give it`,
      });
  }
  const isBad = problems.length > told || problems.some((one) => isAt(one.at, at));
  if (isBad || !parsed.success) return null;
  return { place: source.locate(at), index: at[1], settings: parsed.data };
}

function isAt(path: readonly PropertyKey[], at: readonly PropertyKey[]): boolean {
  return at.every((key, index) => path[index] === key);
}

function tellIssues(
  error: z.core.$ZodError,
  base: readonly PropertyKey[],
  { source, values, problems }: ParseContext,
): void {
  for (const issue of error.issues) {
    const at = [...base, ...issue.path];
    for (const text of describeIssue(issue, at, source, values)) problems.push({ at, text });
  }
}

function textsOf(section: unknown): Record<string, string> {
  const entries = Object.entries(isObject(section) ? section : {});
  return Object.fromEntries(
    entries
      .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
      .map(([name, value]) => [name, String(value)]),
  );
}

function without(values: unknown, key: string): unknown {
  if (!isObject(values) || !isObject(values[key])) return values;
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== key));
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
