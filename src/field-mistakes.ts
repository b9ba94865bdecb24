import type { z } from 'zod';
import { valueAt } from './value-at.ts';

type Issue = z.core.$ZodIssue;

const foundChars = 40;

/** What is wrong with a row of a data file: of each field, what was found and what is allowed. */
export function fieldMistakes({ issues }: z.ZodError, row: unknown): string {
  return issues.map((issue) => fieldMistake(issue, row, 'the row')).join('; ');
}

/** @param whole what the value is called that the fields are of */
export function fieldMistake(issue: Issue, row: unknown, whole: string): string {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${key} is not a field that is known`).join('; ');
  }
  // The only names that are asked for anything may not be empty.
  if (issue.code === 'invalid_key')
    return `${nameOf(issue.path.slice(0, -1), whole)} has an empty name`;
  const value = valueAt(row, issue.path);
  const name = nameOf(issue.path, whole);
  // As 1e999 is read, which JSON would show as null.
  if (issue.code === 'invalid_type' && issue.expected === 'number' && typeof value === 'number') {
    return `${name} is not a finite number`;
  }
  const found = value === undefined ? 'is missing' : `is ${shortened(JSON.stringify(value))}`;
  const allowed = allowedBy(issue);
  if (allowed === null) return `${name} ${issue.message}`;
  return `${name} ${found}: it must ${allowed}`;
}

function nameOf(path: readonly PropertyKey[], whole: string): string {
  return path.length === 0 ? whole : path.join('.');
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
    case 'invalid_value':
      return `be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_big':
      if (issue.origin === 'string') return `have ${issue.maximum} characters at most`;
      return `be ${issue.maximum} at most`;
    case 'too_small':
      return issue.origin === 'string' ? 'not be empty' : `be ${issue.minimum} at least`;
    default:
      return null;
  }
}
