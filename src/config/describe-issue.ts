import type { z } from 'zod';
import { nearestName } from '../nearest-name.ts';
import { ignoredKeysOf } from './litellm-keys.ts';
import { listSettingKeys } from './settings-schema.ts';
import type { SettingsSource } from './settings-source.ts';
import { valueAt } from '../value-at.ts';

const secretKey = /_keys?(_env)?$/;

/** What other programs' files say, and what to do about it here. */
const foreignKeys: Readonly<Record<string, string>> = {
  sw_ranking: "RouteLLM's router settings are not read: name a file by the key neighbours",
  mf: "RouteLLM's router settings are not read: name a weights file by the key weights",
};

/** One line for each thing that is wrong: key, place, value, fix. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  at: readonly PropertyKey[],
  source: SettingsSource,
  values: unknown,
): string[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeUnknownKey([...at, key], source));
  }
  const place = source.locate(at);
  if (issue.code === 'invalid_type') {
    return [
      at.length === 0
        ? 'the file must hold keys and values'
        : `${place} must be a section with keys of its own`,
    ];
  }
  const isSecret = secretKey.test(String(at.at(-1)));
  const value = isSecret ? '' : ` is ${withoutSecrets(JSON.stringify(valueAt(values, at)))}:`;
  return [`${place}${value} ${isSecret ? '' : 'it '}${issue.message}`];
}

/** URLs may hold a password, or a key in their query. */
function withoutSecrets(json: string | undefined): string {
  return String(json).replace(/\/\/[^/@"\s]*@|(?<=[?&][^=&"]*=)[^&"]*/g, (found) =>
    found.startsWith('//') ? '//***@' : '***',
  );
}

function describeUnknownKey(path: readonly PropertyKey[], source: SettingsSource): string {
  const key = String(path.at(-1));
  const parents = path.slice(0, -1);
  const section = parents
    .filter((part) => typeof part !== 'number')
    .map((part) => `${String(part)}.`)
    .join('');
  const known = listSettingKeys();
  const siblings = known
    .filter((name) => name.startsWith(section))
    .map((name) => name.slice(section.length));
  const names = [...new Set(siblings.map((name) => name.split('.')[0] ?? name))];
  const nearest = nearestName(key, [...names, ...ignoredKeysOf(parents)]);
  const elsewhere = known.filter((name) => name.endsWith(`.${key}`));
  let fix = `known keys here: ${names.join(', ')}`;
  if (section === '' && Object.hasOwn(foreignKeys, key)) fix = foreignKeys[key] ?? fix;
  else if (nearest !== null) fix = `did you mean ${section}${nearest}?`;
  else if (elsewhere.length > 0) fix = `did you mean ${elsewhere.join(' or ')}?`;
  return `${source.locate(path)} is not a known key: ${fix}`;
}
