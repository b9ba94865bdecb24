import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { configInput } from '../../support/config-input.ts';

const pair = ['--strong-model', 'big', '--weak-model', 'small', '--base-url', 'http://127.0.0.1:9'];

function load(file: string | null, env: NodeJS.ProcessEnv = {}, flags: readonly string[] = []) {
  return loadConfig(configInput([...pair, ...flags], file, env), () => Promise.reject(new Error()));
}

function keyFile(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'pointsman-keys-')), 'keys');
  writeFileSync(path, text);
  return path;
}

const hashOf = (key: string) => `sha256:${createHash('sha256').update(key).digest('hex')}`;

describe('client keys', () => {
  it('add up from the file, a file of keys and a variable', async () => {
    const file = keyFile(`# ours\nkey-from-file\r\n\n${hashOf('key-hashed-in-file')}\n`);
    const yaml = `client_keys: ["${hashOf('key-in-list')}"]\nclient_keys_file: ${file}\nclient_keys_env: KEYS`;
    const { config, warnings } = await load(yaml, { KEYS: 'key-in-env-1, key-in-env-2' });
    const { clientKeys } = config.access;
    expect(clientKeys.size).toBe(5);
    for (const key of ['in-list', 'from-file', 'hashed-in-file', 'in-env-1', 'in-env-2']) {
      expect(clientKeys.has(`key-${key}`)).toBe(true);
    }
    for (const key of ['', 'key', 'key-in-lisT', hashOf('key-in-list')]) {
      expect(clientKeys.has(key)).toBe(false);
    }
    expect(warnings).toEqual([]);
  });

  it('are in memory and in dumps by hash only', async () => {
    const { config, warnings } = await load('client_keys: [canary-client-key]');
    expect(inspect(config, { depth: 20, showHidden: true })).not.toContain('canary');
    expect(JSON.stringify(config)).not.toContain('canary');
    expect(warnings.join()).toMatch(/^client_keys \(.*line 1\) holds keys in plain text/);
    expect(warnings.join()).not.toContain('canary');
  });

  it.each([
    ['client_keys: [canary-1, short]', {}, /client_keys \(.*\) must be a list of keys/],
    ['client_keys: canary-not-a-list', {}, /must be a list of keys/],
    ['client_keys: []', {}, /must be a list of keys/],
    ['client_keys: ["sha256:canary"]', {}, /64 hex digits/],
    ['client_keys_env: sk-canary-key', {}, /must be the name of an environment variable/],
    ['client_keys_env: KEYS', {}, /environment variable KEYS, which is not set/],
    ['client_keys_env: KEYS', { KEYS: ' , ' }, /holds no key/],
    ['client_keys_env: KEYS', { KEYS: 'canary-key-1,canary' }, /KEYS: key 2 must be 8 or more/],
    [`client_keys_file: ${keyFile('# none\n')}`, {}, /holds no key/],
    ['client_keys_file: /nowhere/keys', {}, /\/nowhere\/keys cannot be read \(ENOENT\)/],
    ['admin_key_env: ADMIN', {}, /environment variable ADMIN, which is not set/],
    ['admin_key_env: ADMIN', { ADMIN: 'short' }, /variable ADMIN: key 1 must be 8 or more/],
  ])('%s: an error that repeats no key', async (yaml, env, message) => {
    const error = await load(yaml, env).then(String, (thrown: unknown) => String(thrown));
    expect(error).toMatch(message);
    expect(error).not.toContain('canary');
  });
});

describe('a start that other machines can reach', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])(
    'warns on %s without client keys',
    async (host) => {
      const { warnings } = await load(null, {}, ['--host', host]);
      expect(warnings.join()).toContain(`host ${host} is reachable by other machines`);
      const closed = await load('client_keys_env: KEYS', { KEYS: 'key-12345' }, ['--host', host]);
      expect(closed.warnings).toEqual([]);
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('does not on %s', async (host) => {
    expect((await load(null, {}, ['--host', host])).warnings).toEqual([]);
  });
});
