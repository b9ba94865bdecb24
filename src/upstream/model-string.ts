import { ConfigError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import { parseBedrockModel, type BedrockModel } from './bedrock-model.ts';
import type { Deployment } from './deployment.ts';

/** What `[provider/]id` says: the provider gives defaults for wire format and base URL only. */
export interface OpenAiModel {
  readonly kind: 'openai';
  /** Null: no known provider in front, the whole string is the id. */
  readonly provider: string | null;
  /** Sent upstream, byte for byte. */
  readonly id: string;
  readonly wire: Deployment['wire'];
  /** Null: the config must name a base URL. */
  readonly defaultBaseUrl: string | null;
  /** The default base is a service that wants a key. */
  readonly hosted: boolean;
}

export type ModelString = OpenAiModel | BedrockModel;

const hostedBaseUrls: Readonly<Record<string, string>> = {
  openai: 'https://api.openai.com/v1',
  deepseek: 'https://api.deepseek.com/v1',
  groq: 'https://api.groq.com/openai/v1',
  mistral: 'https://api.mistral.ai/v1',
  together_ai: 'https://api.together.xyz/v1',
  openrouter: 'https://openrouter.ai/api/v1',
  cerebras: 'https://api.cerebras.ai/v1',
  xai: 'https://api.x.ai/v1',
  deepinfra: 'https://api.deepinfra.com/v1/openai',
};

/** Ollama's own API is never used for chat: both spellings mean `/v1/chat/completions`. */
const ollamaProviders = ['ollama', 'ollama_chat'];
const ollamaBaseUrl = 'http://localhost:11434/v1';

const selfHostedProviders = [
  'hosted_vllm',
  'lm_studio',
  'llamafile',
  'openai_like',
  'custom_openai',
  'litellm_proxy',
];

export const knownProviders: readonly string[] = [
  ...Object.keys(hostedBaseUrls),
  ...ollamaProviders,
  ...selfHostedProviders,
];

/** They have another wire format, and an OpenAI-compatible URL that works today. */
const openAiCompatibleElsewhere = ['anthropic', 'gemini', 'vertex_ai'];

/**
 * Cuts at the first `/`, and only if the left part is a known provider; dots, colons, digits and
 * later slashes are never split, so `hf.co/x/y:Q4_K_M` and `a.b/c` are ids as they stand.
 *
 * @throws ConfigError for a string without an id, and for Azure, which has no client yet.
 */
export function parseModelString(text: string): ModelString {
  const slash = text.indexOf('/');
  const provider = slash < 0 ? null : text.slice(0, slash);
  const rest = text.slice(slash + 1);
  if (text === '' || provider === '' || rest === '') {
    throw new ConfigError(
      `model "${text}" is not a model name: write [provider/]id, such as ollama/llama3 or openai/gpt-4.1`,
    );
  }
  if (/^\s|\s$|\p{Cc}/u.test(text)) {
    throw new ConfigError(
      `model ${JSON.stringify(text)} has a space at an end or a control character: take it out`,
    );
  }
  if (provider === 'bedrock') return parseBedrockModel(text);
  if (provider === 'azure') {
    throw new ConfigError(
      `model "${text}": the provider azure is not supported yet (api-version and api-key header)`,
    );
  }
  const fromProvider = provider === null ? null : defaultsOf(provider);
  if (!fromProvider) {
    const none = { wire: 'openai', defaultBaseUrl: null, hosted: false } as const;
    return { kind: 'openai', provider: null, id: text, ...none };
  }
  return { kind: 'openai', provider, id: rest, ...fromProvider };
}

function defaultsOf(
  provider: string,
): Pick<OpenAiModel, 'wire' | 'defaultBaseUrl' | 'hosted'> | null {
  if (ollamaProviders.includes(provider)) {
    return { wire: 'ollama', defaultBaseUrl: ollamaBaseUrl, hosted: false };
  }
  if (Object.hasOwn(hostedBaseUrls, provider)) {
    return { wire: 'openai', defaultBaseUrl: hostedBaseUrls[provider] ?? null, hosted: true };
  }
  if (selfHostedProviders.includes(provider)) {
    return { wire: 'openai', defaultBaseUrl: null, hosted: false };
  }
  return null;
}

/**
 * Why this model cannot be called without a base URL, and what to write instead.
 *
 * @param text as the operator wrote it
 * @param baseUrlSetting how to give the base URL, such as `--strong-base-url (strong.base_url)`
 */
export function missingBaseUrl(text: string, model: OpenAiModel, baseUrlSetting: string): string {
  if (model.provider !== null) {
    return `model "${text}": the provider ${model.provider} has no default base URL: give it by ${baseUrlSetting}`;
  }
  const known = `known providers: ${knownProviders.join(', ')}`;
  const slash = text.indexOf('/');
  if (slash < 0) {
    return (
      `model "${text}" has no provider and no base URL: write openai/${text} or ollama/${text}, ` +
      `or give the base URL by ${baseUrlSetting} (${known})`
    );
  }
  const provider = text.slice(0, slash);
  if (openAiCompatibleElsewhere.includes(provider)) {
    return (
      `model "${text}": for ${provider} write openai/${text.slice(slash + 1)} and give its ` +
      `OpenAI-compatible base URL by ${baseUrlSetting} (${known})`
    );
  }
  const nearest = nearestName(provider, knownProviders);
  const hint = nearest === null ? '' : ` (did you mean "${nearest}/${text.slice(slash + 1)}"?)`;
  return `model "${text}": unknown provider "${provider}"${hint} and no base URL: give one by ${baseUrlSetting} (${known})`;
}
