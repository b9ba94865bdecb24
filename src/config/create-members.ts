import { ConfigError } from '../errors.ts';
import { shortHash } from '../routing/short-hash.ts';
import { Secret } from '../secret.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { missingBaseUrl } from '../upstream/model-string.ts';
import { isSameUpstream } from './check-names.ts';
import { cannotDo, parseOpenAiModel } from './create-deployment.ts';
import type { ModelEntry } from './model-entry.ts';
import { readPrice } from './read-price.ts';

/** A deployment of `model_list`, and where it stands. */
export interface Member {
  readonly place: string;
  readonly deployment: Deployment;
}

export interface Members {
  readonly members: readonly Member[];
  /** Entries that make no deployment. */
  readonly invalid: readonly string[];
  /** Entries that contradict each other. */
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

export function createMembers(entries: readonly ModelEntry[]): Members {
  const members: Member[] = [];
  const invalid: string[] = [];
  const warnings: string[] = [];
  for (const entry of entries) {
    try {
      const ids = members.map(({ deployment }) => deployment.id);
      members.push({ place: entry.place, deployment: createMember(entry, ids, warnings) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      invalid.push(`${entry.place}: ${error.message}`);
    }
  }
  const problems = [...duplicateIds(members), ...duplicateDeployments(members)];
  return { members, invalid, problems, warnings };
}

function createMember(
  { place, settings }: ModelEntry,
  takenIds: readonly string[],
  warnings: string[],
): Deployment {
  const { model_name: group = '', litellm_params: own, model_info: info = {} } = settings;
  const { model: name = '' } = own;
  if (group.includes('*') || name.includes('*')) {
    throw new ConfigError(
      `"${group.includes('*') ? group : name}": names with * are not supported yet: list the models one by one`,
    );
  }
  const model = parseOpenAiModel(name);
  const baseUrl = configuredUrl(own.api_base, own.base_url) ?? model.defaultBaseUrl;
  if (baseUrl === null) {
    throw new ConfigError(missingBaseUrl(name, model, 'litellm_params.api_base'));
  }
  const apiKey = own.api_key === undefined ? null : new Secret(own.api_key);
  if (apiKey === null && model.hosted && baseUrl === model.defaultBaseUrl) {
    throw new ConfigError(
      `model "${name}" goes to ${baseUrl}, which needs a key: add litellm_params.api_key: ` +
        `os.environ/NAME, or another base URL by litellm_params.api_base`,
    );
  }
  if (info.max_tokens !== undefined && info.max_input_tokens === undefined) {
    warnings.push(
      `${place}: model_info.max_tokens is taken for the context window: call it max_input_tokens`,
    );
  }
  const price = readPrice({
    input_per_mtok: perMtok(own.input_cost_per_token ?? info.input_cost_per_token),
    cached_input_per_mtok: perMtok(
      own.cache_read_input_token_cost ?? info.cache_read_input_token_cost,
    ),
    output_per_mtok: perMtok(own.output_cost_per_token ?? info.output_cost_per_token),
  });
  if (price === 'half') {
    warnings.push(`${place}: a cost needs both prices (0 is a price): its costs stay unknown`);
  }
  return {
    id: info.id ?? freeId(`${group}-${shortHash([group, name, baseUrl])}`, takenIds),
    ...{ group, name, baseUrl, apiKey },
    model: model.provider === null ? name : model.id,
    wire: model.wire,
    price: price === 'half' ? null : price,
    order: own.order ?? null,
    weight: own.weight ?? null,
    rpm: own.rpm ?? null,
    tpm: own.tpm ?? null,
    maxParallelRequests: own.max_parallel_requests ?? null,
    maxInputTokens: info.max_input_tokens ?? info.max_tokens ?? null,
    cannot: cannotDo({
      images: info.supports_vision,
      tools: info.supports_function_calling,
      schema: info.supports_response_schema,
    }),
    isLocal: info.local ?? null,
    timeoutMs: own.timeout ?? null,
    headersTimeoutMs: null,
    streamTimeoutMs: own.stream_timeout ?? null,
    cooldownMs: own.cooldown_time ?? null,
    numRetries: own.num_retries ?? own.max_retries ?? null,
  };
}

function configuredUrl(apiBase: string | undefined, baseUrl: string | undefined): string | null {
  if (apiBase !== undefined && baseUrl !== undefined && apiBase !== baseUrl) {
    throw new ConfigError(
      'litellm_params.api_base and litellm_params.base_url mean the same and have different values: leave one out',
    );
  }
  return apiBase ?? baseUrl ?? null;
}

function perMtok(perToken: number | undefined): number | undefined {
  return perToken === undefined ? undefined : Number((perToken * 1e6).toPrecision(12));
}

/** Two keys of one account at the same place are two deployments; no key goes into a hash. */
function freeId(id: string, taken: readonly string[]): string {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? id : `${id}-${count}`;
    if (!taken.includes(candidate)) return candidate;
  }
}

function duplicateIds(members: readonly Member[]): string[] {
  return pairs(members)
    .filter(([a, b]) => a.deployment.id === b.deployment.id)
    .map(
      ([a, b]) =>
        `${a.place} and ${b.place} have the same model_info.id "${a.deployment.id}": give each its own, or none`,
    );
}

function duplicateDeployments(members: readonly Member[]): string[] {
  return pairs(members)
    .filter(([a, b]) => a.deployment.group === b.deployment.group && isSameDeployment(a, b))
    .map(
      ([a, b]) =>
        `${a.place} and ${b.place} are the same deployment of "${a.deployment.group}" ` +
        `(${a.deployment.name}): take one out; give its share by litellm_params.weight`,
    );
}

function isSameDeployment({ deployment: a }: Member, { deployment: b }: Member): boolean {
  return isSameUpstream(a, b) && a.apiKey?.reveal() === b.apiKey?.reveal();
}

function pairs<T>(items: readonly T[]): [T, T][] {
  return items.flatMap((a, index) => items.slice(index + 1).map((b): [T, T] => [a, b]));
}
