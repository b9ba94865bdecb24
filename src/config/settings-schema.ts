import { z } from 'zod';
import { parseDuration } from './duration.ts';

/**
 * What an operator may write, as keys of the YAML file; flags set the same keys. Strict: an
 * unknown key is an error. Each message completes the sentence "<key> <must ...>".
 */

/** A single value by its own reader; null from it means "not one of these". */
function leaf<T>(must: string, parse: (value: unknown) => T | null) {
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

function parseNumber(value: unknown): number | null {
  const isNumeral = typeof value === 'string' && /^\d*\.?\d+(e[+-]?\d+)?$/i.test(value);
  const number = typeof value === 'number' || isNumeral ? Number(value) : NaN;
  return Number.isFinite(number) ? number : null;
}

function numberFrom(min: number, max: number, must: string) {
  return leaf(must, (value) => {
    const number = parseNumber(value);
    return number !== null && number >= min && number <= max ? number : null;
  });
}

function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`;
  return leaf(`must be a whole number ${range}`, (value) => {
    const number = parseNumber(value);
    const fits = number !== null && Number.isInteger(number) && number >= min && number <= max;
    return fits ? number : null;
  });
}

function duration(leastMs: 0 | 1) {
  const must = `must be a duration ${leastMs === 0 ? 'of 0 or more' : 'over 0'}: seconds as a number, or "500ms", "5s", "2m"`;
  return leaf(must, (value) => {
    const ms = parseDuration(value);
    return ms !== null && ms >= leastMs ? ms : null;
  });
}

function text(what = 'text') {
  return leaf(`must be ${what}`, (value) =>
    typeof value === 'string' && value !== '' ? value : null,
  );
}

function oneOf<const T extends string>(...names: T[]) {
  return leaf(
    `must be one of ${names.join(', ')}`,
    (value) => names.find((name) => name === value) ?? null,
  );
}

const price = () => numberFrom(0, 1e6, 'must be US dollars per million tokens, 0 or more');

const url = () =>
  leaf('must be an http or https URL, such as http://127.0.0.1:11434', (value) => {
    const parsed = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
    return parsed !== null && /^https?:$/.test(parsed.protocol) ? String(value) : null;
  });

/** The base of an API whose path is added by us: the whole URL is a common slip. */
const baseUrlOf = (apiPath: string) =>
  url().refine((value) => value === undefined || !hasEnd(value, apiPath), {
    error: `must end before ${apiPath}, which is added to it`,
  });

function hasEnd(baseUrl: string, apiPath: string): boolean {
  return new URL(baseUrl).pathname.replace(/\/+$/, '').endsWith(apiPath);
}

const chatBaseUrl = () => baseUrlOf('/chat/completions');

/** Sent in a header, so without spaces and control characters. */
const apiKey = () =>
  leaf('must be a key without spaces; leave it out for an upstream without keys', (value) =>
    typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) ? value : null,
  );

const variableName = () =>
  leaf('must be the name of an environment variable, not the key itself', (value) =>
    typeof value === 'string' && /^[A-Za-z_][A-Za-z0-9_]*$/.test(value) ? value : null,
  );

const tier = () =>
  z
    .strictObject({
      model: text('a model string, such as ollama/llama3'),
      base_url: chatBaseUrl(),
      api_key: apiKey(),
      api_key_env: variableName(),
      profile: text('the name of a trained model, such as llama-3-8b-instruct'),
      input_per_mtok: price(),
      output_per_mtok: price(),
      max_input_tokens: wholeNumber(1),
      wire: oneOf('openai', 'ollama'),
    })
    .optional();

export const settingsSchema = z.strictObject({
  host: text('an address, such as 127.0.0.1'),
  port: wholeNumber(0, 65535),
  strong: tier(),
  weak: tier(),
  base_url: chatBaseUrl(),
  api_key: apiKey(),
  api_key_env: variableName(),
  routers: leaf('must be a list of router names, such as mf', (value) => {
    const items: unknown[] = Array.isArray(value) ? value : [value];
    if (!items.every((item) => typeof item === 'string')) return null;
    const names = items.flatMap((item) => item.split(/[\s,]+/)).filter((name) => name !== '');
    return names.length > 0 ? [...new Set(names)] : null;
  }),
  threshold: numberFrom(0, 1, 'must be a number from 0 (all strong) to 1 (all weak)'),
  default_tier: oneOf('strong', 'weak'),
  embedder: text('local, hub:NAME or endpoint'),
  embedding: z
    .strictObject({
      base_url: baseUrlOf('/embeddings'),
      model: text('the name of an embedding model, such as nomic-embed-text'),
      api_key_env: variableName(),
      dimensions: wholeNumber(1, 65536),
      timeout: duration(1),
    })
    .optional(),
  weights: text('a file of router weights'),
  db: text('a file'),
  log_prompts: oneOf('none', 'hash', 'full'),
  verbose: leaf('must be true or false', (value) => (typeof value === 'boolean' ? value : null)),
  timeouts: z
    .strictObject({
      connect: duration(1),
      headers: duration(1),
      idle: duration(1),
      total: duration(1),
      decision: duration(1),
      drain: duration(0),
    })
    .optional(),
  limits: z
    .strictObject({
      body_bytes: wholeNumber(1),
      json_depth: wholeNumber(1, 1000),
      answer_bytes: wholeNumber(1),
      event_bytes: wholeNumber(1),
      in_flight: wholeNumber(1),
    })
    .optional(),
});

/** Checked, all of it optional; durations are in milliseconds. */
export type Settings = z.infer<typeof settingsSchema>;
export type TierSettings = NonNullable<Settings['strong']>;

/** Every key as a dotted path, in the order above: `host`, `strong.model`, `timeouts.idle`. */
export function listSettingKeys(): string[] {
  return Object.entries(settingsSchema.shape).flatMap(([key, schema]) => {
    const inner = schema.unwrap();
    if (!(inner instanceof z.ZodObject)) return [key];
    return Object.keys(inner.shape).map((name) => `${key}.${name}`);
  });
}
