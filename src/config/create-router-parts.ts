import { ConfigError } from '../errors.ts';
import type { CausalLlmSettings } from '../routing/causal-llm-router.ts';
import { readSecretVariable } from './create-deployment.ts';
import { defaults } from './defaults.ts';
import type { Settings } from './settings-schema.ts';

/** What single routers need beside the embedder and the weights of mf. */
export interface RouterParts {
  /** Known prompts of knn and sw_ranking; null: those that ship. */
  readonly neighboursFile: string | null;
  /** Folder or hub name of the classifier of bert. */
  readonly bertModel: string | null;
  /** The model that causal_llm asks. */
  readonly causalLlm: CausalLlmSettings | null;
}

/** @throws ConfigError when a router of `routers` lacks its settings; says which */
export function createRouterParts(
  settings: Settings,
  routers: readonly string[],
  env: NodeJS.ProcessEnv,
): RouterParts {
  const bertModel = settings.bert?.model ?? null;
  if (routers.includes('bert') && bertModel === null) {
    throw new ConfigError(
      'the router bert needs a classifier: set bert.model to a folder with config.json, tokenizer ' +
        'and onnx/model.onnx, or to a name on the hub',
    );
  }
  return {
    neighboursFile: settings.neighbours ?? null,
    bertModel,
    causalLlm: createCausalLlm(settings.causal_llm ?? {}, routers.includes('causal_llm'), env),
  };
}

function createCausalLlm(
  own: NonNullable<Settings['causal_llm']>,
  isNeeded: boolean,
  env: NodeJS.ProcessEnv,
): CausalLlmSettings | null {
  const { model, base_url: baseUrl, api_key_env: variable } = own;
  if (!isNeeded && Object.keys(own).length === 0) return null;
  if (model === undefined || baseUrl === undefined) {
    const missing = model === undefined ? 'causal_llm.model' : 'causal_llm.base_url';
    throw new ConfigError(
      `the router causal_llm asks a model of an OpenAI-compatible API, and ${missing} is missing: give it`,
    );
  }
  return {
    model,
    baseUrl,
    timeoutMs: own.timeout ?? defaults.timeouts.causalLlm,
    ...(variable !== undefined && {
      apiKey: readSecretVariable('causal_llm.api_key_env', variable, env),
    }),
  };
}
