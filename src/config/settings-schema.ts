import { z } from 'zod';
import {
  generalSettingsSchema,
  litellmSettingsSchema,
  modelEntrySchema,
  routerSettingsSchema,
} from './litellm-schema.ts';
import { isObject } from '../is-object.ts';
import { ruleSchema } from './rule-schema.ts';
import type { ModelEntry } from './model-entry.ts';
import { createRedactText, knownPatterns } from '../privacy/redact-text.ts';
import { clientKeyRule, isClientKey } from '../access/key-set.ts';
import {
  apiKey,
  baseUrlOf,
  chatBaseUrl,
  duration,
  leaf,
  numberFrom,
  oneOf,
  parseNumber,
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

/** Of a model; a cost needs those of input and output. */
const prices = () => ({
  input_per_mtok: price(),
  cached_input_per_mtok: price(),
  output_per_mtok: price(),
});

const tier = () =>
  z
    .strictObject({
      model: text('a model string, such as ollama/llama3'),
      base_url: chatBaseUrl(),
      api_key: apiKey(),
      api_key_env: variableName(),
      profile: text('the name of a trained model, such as llama-3-8b-instruct'),
      ...prices(),
      max_input_tokens: wholeNumber(1),
      supports: z.strictObject({ images: yesNo(), tools: yesNo(), schema: yesNo() }).optional(),
      local: yesNo(),
      timeout: duration(1),
      stream_timeout: duration(1),
      num_retries: wholeNumber(0, 10),
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
  target_strong_share: leaf('must be a share over 0 and under 1, such as 0.3', (value) => {
    const share = parseNumber(value);
    return share !== null && share > 0 && share < 1 ? share : null;
  }),
  cascade: z
    .strictObject({
      enabled: yesNo(),
      min_confidence: leaf('must be a mean log-probability: a number from -20 to 0', (value) => {
        const isInRange = typeof value === 'number' && value >= -20 && value <= 0;
        return isInRange ? value : null;
      }),
      tokens: wholeNumber(1, 1000),
      min_score: numberFrom(0, 1, 'must be a score from 0 to 1'),
    })
    .optional(),
  default_tier: oneOf('strong', 'weak'),
  rules: z.array(ruleSchema).optional(),
  sessions: z.strictObject({ ttl: duration(0), max: wholeNumber(1) }).optional(),
  exploration: numberFrom(0, 0.5, 'must be a share from 0 (none) to 0.5'),
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
  neighbours: text('a file of known prompts'),
  bert: z.strictObject({ model: text('a folder or the hub name of a classifier') }).optional(),
  causal_llm: z
    .strictObject({
      model: text('the name of a model at the endpoint'),
      base_url: chatBaseUrl(),
      api_key_env: variableName(),
      timeout: duration(1),
    })
    .optional(),
  client_keys: leaf(`must be a list of keys; each ${clientKeyRule}`, (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isClientKey) ? value : null,
  ),
  client_keys_file: text('a file with one client key a line'),
  client_keys_env: variableName(),
  admin_key_env: variableName(),
  judge: z
    .strictObject({
      model: text('a model string, such as openai/gpt-4.1'),
      base_url: chatBaseUrl(),
      api_key_env: variableName(),
      ...prices(),
      timeout: duration(1),
    })
    .optional(),
  shadow: z
    .strictObject({
      share: numberFrom(0, 1, 'must be a share of the scored requests, from 0 (none) to 1'),
      max_cost_per_day: numberFrom(0, 1e6, 'must be US dollars, 0 or more'),
      max_per_hour: wholeNumber(1),
    })
    .optional(),
  embeddings_upstream: z
    .strictObject({
      base_url: baseUrlOf('/embeddings'),
      model: text('the name of an embedding model, such as nomic-embed-text'),
      api_key_env: variableName(),
    })
    .optional(),
  db: text('a file'),
  log_prompts: oneOf('none', 'hash', 'full'),
  redact_prompts: leaf(
    `must be a list of ${knownPatterns.join(', ')} and expressions such as '/ACME-\\d+/i'`,
    (value) => (isRedactable(value) ? value : null),
  ),
  log_embeddings: yesNo(),
  keep_days: numberFrom(0.01, 36_500, 'must be a number of days over 0'),
  verbose: yesNo(),
  strict: yesNo(),
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
  // LiteLLM's config.yaml
  model_list: leaf('must be a list of deployments', (value) =>
    Array.isArray(value) ? (value as unknown[]) : null,
  ),
  router_settings: routerSettingsSchema,
  litellm_settings: litellmSettingsSchema,
  general_settings: generalSettingsSchema,
  environment_variables: leaf('must be a section of NAME: value', (value) =>
    isObject(value) ? Object.keys(value) : null,
  ),
});

function isRedactable(value: unknown): value is string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) return false;
  try {
    createRedactText(value);
    return true;
  } catch {
    return false;
  }
}

/** Checked, all of it optional; durations are in milliseconds. */
export type Settings = Omit<z.infer<typeof settingsSchema>, 'model_list'> & {
  readonly model_list?: readonly ModelEntry[] | undefined;
};
export type TierSettings = NonNullable<Settings['strong']>;

/** Every key as a dotted path, in the order above: `host`, `strong.model`, `timeouts.idle`. */
export function listSettingKeys(): string[] {
  const lists = { model_list: modelEntrySchema.optional(), rules: ruleSchema.optional() };
  const shape = { ...settingsSchema.shape, ...lists };
  return Object.entries(shape).flatMap(([key, schema]) => keysOf(key, schema));
}

function keysOf(name: string, schema: z.core.$ZodType): string[] {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(inner instanceof z.ZodObject)) return [name];
  return Object.entries(inner.shape).flatMap(([key, value]) =>
    keysOf(`${name}.${key}`, value as z.core.$ZodType),
  );
}
