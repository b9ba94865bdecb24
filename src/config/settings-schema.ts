import { z } from 'zod';
import {
  apiKey,
  baseUrlOf,
  chatBaseUrl,
  duration,
  leaf,
  numberFrom,
  oneOf,
  price,
  text,
  variableName,
  wholeNumber,
  yesNo,
} from './setting-leaves.ts';

/**
 * What an operator may write, as keys of the YAML file; flags set the same keys. Strict: an
 * unknown key is an error.
 */

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
  embedder: text('local, fast, hub:NAME or endpoint'),
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
  verbose: yesNo(),
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
