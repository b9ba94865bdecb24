import { readFileSync } from 'node:fs';
import type { Access } from '../access/access.ts';
import { hashOfKey, isClientKey, clientKeyRule, KeySet } from '../access/key-set.ts';
import { ConfigError } from '../errors.ts';
import { readSecretVariable } from './create-deployment.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings } from './settings-schema.ts';
import { missingVariable } from './settings-source.ts';

/**
 * Who may ask, from three places that add up: the file, a file of keys, a variable. An empty file
 * or variable is an error: a server that was meant to be closed would stand open.
 *
 * @throws ConfigError that never repeats a key.
 */
export function createAccess(settings: Settings, env: NodeJS.ProcessEnv): Access {
  const {
    client_keys: literal = [],
    client_keys_file: file,
    client_keys_env: variable,
    admin_key_env: adminVariable,
  } = settings;
  const keys = [
    ...literal,
    ...(file === undefined ? [] : keysOfFile(file)),
    ...(variable === undefined ? [] : keysOfVariable(variable, env)),
  ];
  const adminKeys =
    adminVariable === undefined
      ? []
      : checked(
          [readSecretVariable('admin_key_env', adminVariable, env).reveal()],
          `${nameSetting('admin_key_env')}: the environment variable ${adminVariable}`,
        );
  return {
    clientKeys: new KeySet(keys.map(hashOfKey)),
    adminKeys: new KeySet(adminKeys.map(hashOfKey)),
  };
}

/** What an operator should know of who may ask. */
export function accessWarnings(host: string, access: Access): string[] {
  if (!isOpenToNetwork(host, access)) return [];
  return [
    `host ${host} is reachable by other machines and no client key is set: ANYONE who reaches this port ` +
      `can use your models at your cost. Set client_keys, client_keys_file or client_keys_env, or ` +
      `listen on 127.0.0.1`,
  ];
}

export function isOpenToNetwork(host: string, { clientKeys }: Access): boolean {
  return !isThisMachine(host) && clientKeys.size === 0;
}

/** Whether only this machine reaches what listens on that address. */
export function isThisMachine(host: string): boolean {
  return /^(127\.|localhost$|::1$|\[::1\]$|::ffff:127\.)/i.test(host);
}

/** One key a line; empty lines and those that begin with # are left out. */
function keysOfFile(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
    throw new ConfigError(`client_keys_file ${file} cannot be read (${why}): name a file of keys`, {
      cause: error,
    });
  }
  const keys = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  return checked(keys, `client_keys_file ${file}`);
}

/** Keys between commas or white space. */
function keysOfVariable(variable: string, env: NodeJS.ProcessEnv): string[] {
  const value = env[variable];
  const name = nameSetting('client_keys_env');
  if (value === undefined || value.trim() === '') {
    throw new ConfigError(`${name} names the ${missingVariable(variable, value)}`);
  }
  const keys = value.split(/[\s,]+/).filter((key) => key !== '');
  return checked(keys, `${name}: the environment variable ${variable}`);
}

function checked(keys: readonly string[], where: string): string[] {
  if (keys.length === 0) {
    throw new ConfigError(`${where} holds no key: put one in, or leave the setting out`);
  }
  const bad = keys.findIndex((key) => !isClientKey(key));
  if (bad === -1) return [...keys];
  throw new ConfigError(`${where}: key ${bad + 1} ${clientKeyRule}`);
}
