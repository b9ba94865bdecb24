import type { KeySet } from '../access/key-set.ts';
import { createAccess } from '../config/create-access.ts';
import { defaults } from '../config/defaults.ts';
import { loadSettings, type SettingsInput } from '../config/load-config.ts';
import { ConfigError } from '../errors.ts';
import { namedSessionHash } from '../routing/sessions.ts';
import { forget } from '../store/forget.ts';
import type { CliIo } from './cli-io.ts';
import type { Options } from './setting-options.ts';

/**
 * `pointsman forget`
 *
 * @returns exit code: 1 when an id or a session names no request, though all others are deleted
 * @throws ConfigError when nothing is named, or the log cannot be written
 */
export function runForget(
  input: SettingsInput,
  options: Options,
  { stdout, stderr }: Pick<CliIo, 'stdout' | 'stderr'>,
): number {
  const decisionIds = listOf(options['id']);
  const sessions = listOf(options['session']);
  const beforeUtc = parseTime(options['before']);
  if (decisionIds.length === 0 && sessions.length === 0 && beforeUtc === null) {
    throw new ConfigError('forget needs --id DECISION, --session NAME or --before DATE.');
  }
  const { settings, env } = loadSettings(input);
  const db = settings.db ?? defaults.db;
  const { clientKeys } = createAccess(settings, env);
  const hashes = new Map(sessions.map((name) => [name, hashesOf(name, clientKeys)]));
  const sessionHashes = [...hashes.values()].flat();
  const { requests, unknownIds, unknownHashes, isOverwritten } = forget(db, {
    ...{ decisionIds, sessionHashes, beforeUtc },
  });
  const unknownSessions = sessions.filter((name) =>
    hashes.get(name)!.every((hash) => unknownHashes.includes(hash)),
  );
  if (options['json'] === true) {
    const unknown = { unknown_ids: unknownIds, unknown_sessions: unknownSessions };
    const result = { db, requests, ...unknown, overwritten: isOverwritten };
    stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    stdout.write(`${requests} ${requests === 1 ? 'request' : 'requests'} deleted from ${db}\n`);
    if (!isOverwritten) {
      stdout.write(
        'Their place in the file is overwritten when the reader that is open now ends.\n',
      );
    }
  }
  for (const id of unknownIds) stderr.write(`pointsman: no request has the id ${id}\n`);
  for (const name of unknownSessions) {
    stderr.write(`pointsman: no request belongs to the session ${name}\n`);
  }
  if (unknownSessions.length > 0 && clientKeys.size === 0) {
    stderr.write(
      'pointsman: a name counts within the key of its client: name the keys with --config or ' +
        '--client-keys-env, or the session_hash of the log\n',
    );
  }
  return unknownIds.length + unknownSessions.length === 0 ? 0 : 1;
}

/** A hash is itself; a name may have been given without a key and with each of them. */
function hashesOf(session: string, clientKeys: KeySet): string[] {
  if (/^[0-9a-f]{64}$/.test(session)) return [session];
  return ['', ...clientKeys.hashes()].map((keyHash) => namedSessionHash(session, keyHash));
}

function listOf(option: unknown): string[] {
  return Array.isArray(option) ? [...new Set(option.map(String))] : [];
}

/** A day or a time as ISO 8601; without a zone it is UTC, like all times of the log. */
function parseTime(option: unknown): string | null {
  if (typeof option !== 'string') return null;
  const hasZone = /(?:Z|[+-]\d\d:\d\d)$/i.test(option);
  const isDate = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i;
  const text = hasZone || option.length === 10 ? option : `${option}Z`;
  const time = isDate.test(option) ? new Date(text) : new Date(NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new ConfigError(
    `--before ${option} is not a date: write 2025-01-31 or 2025-01-31T12:00 (UTC).`,
  );
}
