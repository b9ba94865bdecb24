import { withoutCredentials } from '../base-url.ts';
import type { Ability } from '../demands.ts';
import { ConfigError } from '../errors.ts';
import { Secret } from '../secret.ts';
import { noDispatchLimits, type Deployment, type Price } from '../upstream/deployment.ts';
import {
  missingBaseUrl,
  knownProviders,
  parseModelString,
  type OpenAiModel,
} from '../upstream/model-string.ts';
import { isReservedName, reservedName } from './check-names.ts';
import { readPrice, type PriceSettings } from './read-price.ts';
import { nameSetting } from './setting-flags.ts';
import type { Settings, TierSettings } from './settings-schema.ts';
import { missingVariable } from './settings-source.ts';

/**
 * Wire format, base URL and key of one tier. The model string gives defaults for the first two;
 * a key is sent only when the settings name one.
 *
 * @throws ConfigError when the tier cannot be called as configured.
 */
export function createDeployment(
  tier: 'strong' | 'weak',
  settings: Settings,
  env: NodeJS.ProcessEnv,
): Deployment {
  const own = settings[tier] ?? {};
  const name = own.model;
  if (name === undefined) {
    throw new ConfigError(`no ${tier} model is named: give it by ${nameSetting(`${tier}.model`)}`);
  }
  const model = parseOpenAiModel(name);
  const configuredUrl = own.base_url ?? settings.base_url;
  const baseUrl = configuredUrl ?? model.defaultBaseUrl;
  if (baseUrl === null) {
    // With a provider in front it could not be served either.
    if (isReservedName(name)) throw new ConfigError(reservedName({ id: tier, name }, name));
    throw new ConfigError(missingBaseUrl(name, model, nameSetting(`${tier}.base_url`)));
  }
  const apiKey = readKey(tier, own, settings, env);
  if (apiKey === null && model.hosted && configuredUrl === undefined) {
    throw new ConfigError(
      `model "${name}" goes to ${baseUrl}, which needs a key: name its environment variable by ` +
        `${nameSetting(`${tier}.api_key_env`)}, or give another base URL by ${nameSetting(`${tier}.base_url`)}`,
    );
  }
  return {
    ...noDispatchLimits,
    id: tier,
    group: tier,
    name,
    model: model.provider === null ? name : model.id,
    wire: own.wire ?? model.wire,
    baseUrl,
    apiKey,
    price: readWholePrice(tier, own),
    maxInputTokens: own.max_input_tokens ?? null,
    cannot: cannotDo(own.supports ?? {}),
    isLocal: own.local ?? null,
    timeoutMs: own.timeout ?? null,
    streamTimeoutMs: own.stream_timeout ?? null,
    numRetries: own.num_retries ?? null,
  };
}

/** What is marked as not supported; what nobody marked is taken to be. */
export function cannotDo(supports: Partial<Record<Ability, boolean | undefined>>): Ability[] {
  return (['images', 'tools', 'schema'] as const).filter((ability) => supports[ability] === false);
}

/** @throws ConfigError when a setting is missing. */
export function createEmbeddingsUpstream(
  { embeddings_upstream: own }: Settings,
  env: NodeJS.ProcessEnv,
): Deployment | null {
  if (own === undefined) return null;
  const { base_url: baseUrl, model, api_key_env: variable } = own;
  if (baseUrl === undefined || model === undefined) {
    const missing = baseUrl === undefined ? 'base_url' : 'model';
    throw new ConfigError(`embeddings_upstream.${missing} is missing: give it`);
  }
  const key = 'embeddings_upstream.api_key_env';
  return {
    ...noDispatchLimits,
    ...{ id: 'embeddings_upstream', group: 'embeddings', name: model, model, wire: 'openai' },
    baseUrl,
    apiKey: variable === undefined ? null : readSecretVariable(key, variable, env),
    price: null,
  };
}

/** @throws ConfigError for a model of a provider that has no client here yet. */
export function parseOpenAiModel(name: string): OpenAiModel {
  const model = parseModelString(name);
  if (model.kind === 'openai') return model;
  const region = model.region === null ? '' : `, region ${model.region}`;
  throw new ConfigError(
    `model "${name}" is for Amazon Bedrock (${model.api}, model id ${model.id}${region}), which is not supported yet; ` +
      `known providers: ${knownProviders.join(', ')}`,
  );
}

/** The tier's own key, else the key for both; null: no Authorization header is sent. */
function readKey(
  tier: string,
  own: TierSettings,
  both: Settings,
  env: NodeJS.ProcessEnv,
): Secret | null {
  const isOwn = own.api_key !== undefined || own.api_key_env !== undefined;
  const { api_key: literal, api_key_env: variable } = isOwn ? own : both;
  const keyName = isOwn ? `${tier}.api_key_env` : 'api_key_env';
  if (literal !== undefined && variable !== undefined) {
    const literalName = keyName.replace(/_env$/, '');
    throw new ConfigError(
      `${nameSetting(literalName)} and ${nameSetting(keyName)} both give a key: leave one out`,
    );
  }
  if (variable === undefined) return literal === undefined ? null : new Secret(literal);
  return readSecretVariable(keyName, variable, env);
}

/** @throws ConfigError naming the variable when it is missing or cannot be sent in a header. */
export function readSecretVariable(key: string, variable: string, env: NodeJS.ProcessEnv): Secret {
  const value = env[variable];
  if (value === undefined || value === '') {
    throw new ConfigError(`${nameSetting(key)} names the ${missingVariable(variable, value)}`);
  }
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new ConfigError(
      `${nameSetting(key)}: the environment variable ${variable} holds a space or a character that no header can carry: set it to the bare key`,
    );
  }
  return new Secret(value);
}

/** @throws ConfigError for one price without the other */
export function readWholePrice(tier: string, own: PriceSettings): Price | null {
  const price = readPrice(own);
  if (price !== 'half') return price;
  const missing = own.input_per_mtok === undefined ? 'input_per_mtok' : 'output_per_mtok';
  throw new ConfigError(`${tier}.${missing} is missing: a cost needs both prices (0 is a price)`);
}

/** A user name in a URL is hidden in every log, but no upstream is sent it: keys go by header. */
export function credentialWarnings(deployments: readonly Deployment[]): string[] {
  return deployments
    .filter(({ baseUrl }) => new URL(baseUrl).username !== '' || new URL(baseUrl).password !== '')
    .map(
      ({ id, group, baseUrl }) =>
        `the base URL of ${id === group ? `the ${id} model` : id} (${withoutCredentials(baseUrl)}) holds a user name or password, which is not sent: give a key by api_key_env`,
    );
}
