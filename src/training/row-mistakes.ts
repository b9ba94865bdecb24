import type { z } from 'zod';
import { valueAt } from '../value-at.ts';

type Issue = z.core.$ZodIssue;

const foundChars = 40;

/** What is wrong with a row of a data file: of each field, what was found and what is allowed. */
export function rowMistakes({ issues }: z.ZodError, row: unknown): string {
  return issues.map((issue) => mistakeOf(issue, row)).join('; ');
}

function mistakeOf(issue: Issue, row: unknown): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key} is not a field that is known`).join('; ');
  }
  // The only names that are asked for anything may not be empty.
  if (issue.code === 'invalid_key') return `${nameOf(issue.path.slice(0, -1))} has an empty name`;
  const value = valueAt(row, issue.path);
  const found = value === undefined ? 'is missing' : `is ${shortened(JSON.stringify(value))}`;
  const allowed = allowedBy(issue);
  if (allowed === null) return `${nameOf(issue.path)} ${issue.message}`;
  return `${nameOf(issue.path)} ${found}: it must ${allowed}`;
}

function nameOf(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the row' : path.join('.');
}

function shortened(json: string): string {
  return json.length > foundChars ? `${json.slice(0, foundChars)}…` : json;
}

const nouns: Readonly<Record<string, string>> = {
  ...{ string: 'a text', number: 'a number', boolean: 'true or false' },
  ...{ object: 'an object', record: 'an object', array: 'a list' },
};

/** A clause for after "it must"; null where the schema has words of its own. */
function allowedBy(issue: Issue): string | null {
  switch (issue.code) {
    case 'invalid_type':
      return `be ${nouns[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return `be ${issue.maximum} at most`;
    case 'too_small':
      return issue.origin === 'string' ? 'not be empty' : `be ${issue.minimum} at least`;
    default:
      return null;
  }
}
