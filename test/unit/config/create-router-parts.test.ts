import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load-config.ts';
import { ConfigError } from '../../../src/errors.ts';
import { createRouters } from '../../../src/routing/create-router.ts';
import { configInput } from '../../support/config-input.ts';
import { fakeEmbedder } from '../../support/tiny-router.ts';

const flags = ['--strong-model', 'a', '--weak-model', 'b', '--base-url', 'http://127.0.0.1:1'];

async function load(yaml: string, env: NodeJS.ProcessEnv = {}) {
  const input = configInput(flags, yaml, env);
  return (await loadConfig(input, () => Promise.reject(new Error('models are named')))).config;
}

const rater = 'causal_llm: { model: llama3, base_url: "http://127.0.0.1:11434"';

describe('settings of single routers', () => {
  it('are read by their keys', async () => {
    const { routerParts } = await load(
      `routers: [bert, causal_llm, knn]\nneighbours: mine.safetensors\nbert: { model: ./bert }\n${rater}, timeout: 3s, api_key_env: RATER }`,
      { RATER: 'sk-rater' },
    );
    expect(routerParts).toMatchObject({
      neighboursFile: 'mine.safetensors',
      bertModel: './bert',
      causalLlm: { model: 'llama3', baseUrl: 'http://127.0.0.1:11434', timeoutMs: 3000 },
    });
    expect(routerParts.causalLlm!.apiKey!.reveal()).toBe('sk-rater');
  });

  it.each([
    ['routers: bert', /the router bert needs a classifier: set bert\.model/],
    ['routers: [mf, causal_llm]', /causal_llm\.model is missing/],
    ['causal_llm: { model: x }', /causal_llm\.base_url is missing/],
    ['bert: { checkpoint_path: x }', /bert\.checkpoint_path.* is not a known key/],
    ['sw_ranking: { arena_embedding_path: x }', /name a file by the key neighbours/],
    [`${rater}, api_key_env: NOT_SET }`, /causal_llm\.api_key_env.*NOT_SET/],
  ])('%s stops the start and says what is needed', async (yaml, message) => {
    await expect(load(yaml)).rejects.toThrow(ConfigError);
    await expect(load(yaml)).rejects.toThrow(message);
  });
});

describe('routers with parts of their own', () => {
  const deps = {
    ...{ embedder: null, strongName: 'a', weakName: 'b', weightsFile: null },
    ...{ strongProfile: null, weakProfile: null },
  };

  it('are made without an embedder', () => {
    const { routers } = createRouters(['causal_llm', 'bert', 'random'], {
      ...deps,
      classifier: fakeEmbedder(3),
      causalLlm: { model: 'm', baseUrl: 'http://127.0.0.1:1', timeoutMs: 10 },
    });
    expect([...routers.keys()]).toEqual(['causal_llm', 'bert', 'random']);
  });

  it('say what they lack', () => {
    expect(() => createRouters(['bert'], deps)).toThrow(/bert needs bert\.model/);
    expect(() => createRouters(['causal_llm'], deps)).toThrow(/causal_llm needs causal_llm\.model/);
    expect(() => createRouters(['knn'], deps)).toThrow(/knn needs an embedder/);
  });
});
