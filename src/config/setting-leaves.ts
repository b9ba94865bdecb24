import { z } from 'zod';
import { parseDuration } from './duration.ts';

/** The kinds of single values that settings are made of. Each message completes "<key> <must ...>". */

/** A single value by its own reader; null from it means "not one of these". */
export function leaf<T>(must: string, parse: (value: unknown) => T | null) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = parse(value);
      if (parsed !== null) return parsed;
      context.issues.push({ code: 'custom', input: value, message: must });
      return z.NEVER;
    })
    .optional();
}

/** Null for what is no finite number, nor the numeral of one. */
export function parseNumber(value: unknown): number | null {
  const isNumeral = typeof value === 'string' && /^\d*\.?\d+(e[+-]?\d+)?$/i.test(value);
  const number = typeof value === 'number' || isNumeral ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
}

export function numberFrom(min: number, max: number, must: string) {
  return leaf(must, (value) => {
    const number = parseNumber(value);
    return number !== null && number >= min && number <= max ? number : null;
  });
}

export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  return leaf(`must be a whole number ${range}`, (value) => {
    const number = parseNumber(value);
    const fits = number !== null && Number.isInteger(number) && number >= min && number <= max;
    return fits ? number : null;
  });
}

export function duration(leastMs: 0 | 1) {
  const must = `must be a duration ${leastMs === 0 ? 'of 0 or more' : 'over 0'}: seconds as a number, or "500ms", "5s", "2m"`;
  return leaf(must, (value) => {
    const ms = parseDuration(value);
    return ms !== null && ms >= leastMs ? ms : null;
  });
}

export function text(what = 'text') {
  return leaf(`must be ${what}`, (value) =>
    typeof value === 'string' && value !== '' ? value : null,
  );
}

export function oneOf<const T extends string>(...names: T[]) {
  return leaf(
    `must be one of ${names.join(', ')}`,
    (value) => names.find((name) => name === value) ?? null,
  );
}

export const price = () => numberFrom(0, 1e6, 'must be US dollars per million tokens, 0 or more');

const url = () =>
  leaf('must be an http or https URL, such as http://127.0.0.1:11434', (value) => {
    const parsed = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
    return parsed !== null && /^https?:$/.test(parsed.protocol) ? String(value) : null;
  });

/** The base of an API whose path is added by us: the whole URL is a common slip. */
export const baseUrlOf = (apiPath: string) =>
  url().refine((value) => value === undefined || !hasEnd(value, apiPath), {
    error: `must end before ${apiPath}, which is added to it`,
  });

function hasEnd(baseUrl: string, apiPath: string): boolean {
  return new URL(baseUrl).pathname.replace(/\/+$/, '').endsWith(apiPath);
}

export const chatBaseUrl = () => baseUrlOf('/chat/completions');

/** Sent in a header, so without spaces and control characters. */
export const apiKey = () =>
  leaf('must be a key without spaces; leave it out for an upstream without keys', (value) =>
    typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : null,
  );

export const variableName = () =>
  leaf('must be the name of an environment variable, not the key itself', (value) =>
    typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? value : null,
  );

export const yesNo = () =>
  leaf('must be true or false', (value) => (typeof value === 'boolean' ? value : null));

export const weightNumber = () => numberFrom(0, 1e9, 'must be a number, 0 or more');
