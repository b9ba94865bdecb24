import { isHashed } from '../access/key-set.ts';
import { isObject } from '../is-object.ts';
import { nameSetting } from './setting-flags.ts';
import { fromEnvironment, type SettingsSource } from './settings-source.ts';
import { valueAt } from '../value-at.ts';

/** A key as plain text is fine for `ollama`, and a leak waiting to happen for a real one. */
export function literalKeyWarnings(source: SettingsSource): string[] {
  return pathsOfKeys(source.values).flatMap((path) => {
    const key = valueAt(source.values, path);
    if (typeof key !== 'string' || key.startsWith(fromEnvironment)) return [];
    if (path.length > 2 || path[0] === 'environment_variables') {
      if (!looksReal(key)) return [];
      return `${source.locate(path)} looks like a real key: keep it in an environment variable and write ${fromEnvironment}NAME`;
    }
    const variable = nameSetting(`${path.join('.')}_env`);
    if (source.kind === 'flags') {
      return `${source.locate(path)}: the process list shows the key to everyone on this machine; name an environment variable by ${variable} instead`;
    }
    if (!looksReal(key)) return [];
    return `${source.locate(path)} looks like a real key: keep it in an environment variable and name that by ${variable}`;
  });
}

/** Hashes are as good for comparing, and nobody can use one that leaks. */
export function plainClientKeyWarnings(source: SettingsSource): string[] {
  const keys = valueAt(source.values, ['client_keys']);
  const isPlain = (key: unknown) =>
    typeof key === 'string' && !key.startsWith(fromEnvironment) && !isHashed(key);
  if (!Array.isArray(keys) || !keys.some(isPlain)) return [];
  return [
    `${source.locate(['client_keys'])} holds keys in plain text: write "sha256:HEX" instead ` +
      `(printf %s KEY | sha256sum), or name a variable by ${nameSetting('client_keys_env')}`,
  ];
}

function pathsOfKeys(values: unknown): PropertyKey[][] {
  const list = valueAt(values, ['model_list']);
  const variables = valueAt(values, ['environment_variables']);
  return [
    ...[['api_key'], ['strong', 'api_key'], ['weak', 'api_key']],
    ...(Array.isArray(list) ? list : []).map((_, index) => [
      ...['model_list', index, 'litellm_params', 'api_key'],
    ]),
    ...Object.keys(isObject(variables) ? variables : {}).map((name) => [
      'environment_variables',
      name,
    ]),
  ];
}

function looksReal(key: string): boolean {
  return /^(sk-|gsk_|xai-|hf_|csk-)/.test(key) || (key.length >= 24 && /\d/.test(key));
}
