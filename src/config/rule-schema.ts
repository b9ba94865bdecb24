import { z } from 'zod';
import { clientKeyRule, isClientKey } from '../access/key-set.ts';
import { isObject } from '../is-object.ts';
import { leaf, oneOf } from './setting-leaves.ts';

/** A rule is either said or left out: `private: false` would only look like a condition. */
const onlyTrue = () => leaf('must be true, or left out', (value) => (value === true ? true : null));

/** Names and the plain values that they must have, as text. */
const plainValues = (must: string, isName: (name: string) => boolean) =>
  leaf(must, (value) => {
    if (!isObject(value) || Object.keys(value).length === 0) return null;
    const isPlain = ([name, one]: [string, unknown]) =>
      isName(name) && ['string', 'number', 'boolean'].includes(typeof one);
    const entries = Object.entries(value);
    if (!entries.every(isPlain)) return null;
    return Object.fromEntries(entries.map(([name, one]) => [name, String(one)]));
  });

/** `/words/flags`, or the words alone, which are then found in any case. */
function parseExpression(value: unknown): RegExp | null {
  if (typeof value !== 'string' || value === '') return null;
  const [, source = value, flags = 'iu'] = /^\/(.+)\/([imsuv]*)$/s.exec(value) ?? [];
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
}

export const ruleSchema = z.strictObject({
  name: leaf('must be a text of up to 100 printable ASCII characters', (value) =>
    typeof value === 'string' && /^[\x20-\x7e]{1,100}$/.test(value) ? value : null,
  ),
  when: z
    .strictObject({
      header: plainValues('must be a section of NAME: value', (name) => /^[\w-]+$/.test(name)),
      metadata: plainValues('must be a section of FIELD: value', (name) => name !== ''),
      text: leaf(
        'must be a regular expression, such as patient or /Patient \\d+/',
        parseExpression,
      ),
      keys: leaf(`must be a list of client keys; each ${clientKeyRule}`, (value) =>
        Array.isArray(value) && value.length > 0 && value.every(isClientKey) ? value : null,
      ),
      private: onlyTrue(),
    })
    .optional(),
  then: z
    .strictObject({
      tier: oneOf('strong', 'weak'),
      private: onlyTrue(),
      local_only: onlyTrue(),
    })
    .optional(),
});
