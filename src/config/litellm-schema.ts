import { z } from 'zod';
import { isObject } from '../is-object.ts';
import { nearestName } from '../nearest-name.ts';
import {
  apiKey,
  chatBaseUrl,
  duration,
  leaf,
  numberFrom,
  text,
  weightNumber,
  wholeNumber,
  yesNo,
} from './setting-leaves.ts';

/** The keys of LiteLLM's config.yaml that have an effect here; the others are in litellm-keys.ts. */

const perToken = () => numberFrom(0, 1, 'must be US dollars per token, 0 or more, such as 2.5e-6');

export const modelEntrySchema = z.strictObject({
  model_name: text('the name that clients and groups use'),
  litellm_params: z.strictObject(
    {
      model: text('a model string, such as ollama/llama3'),
      api_base: chatBaseUrl(),
      base_url: chatBaseUrl(),
      api_key: apiKey(),
      order: wholeNumber(0),
      weight: weightNumber(),
      rpm: weightNumber(),
      tpm: weightNumber(),
      max_parallel_requests: wholeNumber(1),
      timeout: duration(1),
      stream_timeout: duration(1),
      cooldown_time: duration(0),
      num_retries: wholeNumber(0, 10),
      max_retries: wholeNumber(0, 10),
      input_cost_per_token: perToken(),
      cache_read_input_token_cost: perToken(),
      output_cost_per_token: perToken(),
    },
    { error: 'must be a section with keys of its own, model among them' },
  ),
  model_info: z
    .strictObject({
      id: leaf('must be a text', (value) =>
        (typeof value === 'string' && value !== '') || typeof value === 'number'
          ? String(value)
          : null,
      ),
      max_input_tokens: wholeNumber(1),
      max_tokens: wholeNumber(1),
      supports_vision: yesNo(),
      supports_function_calling: yesNo(),
      supports_response_schema: yesNo(),
      local: yesNo(),
      input_cost_per_token: perToken(),
      cache_read_input_token_cost: perToken(),
      output_cost_per_token: perToken(),
    })
    .optional(),
});

export type ModelEntrySettings = z.infer<typeof modelEntrySchema>;

/** LiteLLM's other strategies, known and not built. */
const laterStrategies = [
  'latency-based-routing',
  'cost-based-routing',
  'usage-based-routing',
  'usage-based-routing-v2',
];
const strategies = ['simple-shuffle', 'least-busy'] as const;

const routingStrategy = () =>
  z
    .unknown()
    .transform((value, context) => {
      const known = strategies.find((name) => name === value);
      if (known !== undefined) return known;
      const text = typeof value === 'string' ? value : '';
      const isLater = laterStrategies.includes(text);
      const near = isLater ? null : nearestName(text, strategies);
      const message = isLater
        ? `is not supported yet: write ${strategies.join(' or ')}`
        : `must be ${strategies.join(' or ')}${near === null ? '' : `; did you mean ${near}?`}`;
      context.issues.push({ code: 'custom', input: value, message });
      return z.NEVER;
    })
    .optional();

/** What a fallback list says: from each name to the names that stand in for it. */
export type FallbackEntries = readonly (readonly [from: string, to: readonly string[]])[];

/** A text is one name, never a list of its letters (LiteLLM#34362). */
function parseNames(value: unknown): string[] | null {
  const names: unknown[] = Array.isArray(value) ? value : [value];
  return names.every((name) => typeof name === 'string' && name !== '')
    ? (names as string[])
    : null;
}

function parseFallbacks(value: unknown): FallbackEntries | null {
  if (!Array.isArray(value)) return null;
  const entries: [string, string[]][] = [];
  for (const item of value as unknown[]) {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return null;
    for (const [from, to] of Object.entries(item)) {
      const names = parseNames(to);
      if (names === null) return null;
      entries.push([from, names]);
    }
  }
  return entries;
}

const fallbacks = () =>
  leaf('must be a list of {group: [names]}, such as [{fast: [large]}]', parseFallbacks);

export interface AliasTarget {
  readonly model: string;
  readonly hidden: boolean;
}

function parseAliases(value: unknown): ReadonlyMap<string, AliasTarget> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const aliases = new Map<string, AliasTarget>();
  for (const [name, target] of Object.entries(value)) {
    const said = typeof target === 'string' ? { model: target } : (target as unknown);
    if (!isObject(said)) return null;
    const { model, hidden = false, ...rest } = said;
    if (typeof model !== 'string' || model === '' || typeof hidden !== 'boolean') return null;
    if (Object.keys(rest).length > 0) return null;
    aliases.set(name, { model, hidden });
  }
  return aliases;
}

/** In `router_settings`, which wins, or `litellm_settings`. */
const routerKeys = {
  routing_strategy: routingStrategy(),
  num_retries: wholeNumber(0, 10),
  retry_after: duration(0),
  timeout: duration(1),
  stream_timeout: duration(1),
  fallbacks: fallbacks(),
  context_window_fallbacks: fallbacks(),
  content_policy_fallbacks: fallbacks(),
  default_fallbacks: leaf('must be a list of names, such as [large]', parseNames),
  max_fallbacks: wholeNumber(0, 100),
  allowed_fails: wholeNumber(0),
  cooldown_time: duration(0),
  disable_cooldowns: yesNo(),
  enable_pre_call_checks: yesNo(),
  default_max_parallel_requests: wholeNumber(1),
  model_group_alias: leaf(
    'must be a section of name: group, or name: {model: group, hidden: true}',
    parseAliases,
  ),
  ignore_invalid_deployments: yesNo(),
};

export const routerSettingsSchema = z.strictObject(routerKeys).optional();

export const litellmSettingsSchema = z
  .strictObject({ ...routerKeys, request_timeout: duration(1) })
  .optional();

export const generalSettingsSchema = z
  .strictObject({ global_max_parallel_requests: wholeNumber(1) })
  .optional();

export type RouterSettings = NonNullable<z.infer<typeof routerSettingsSchema>>;
