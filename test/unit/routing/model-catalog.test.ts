import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { defaultCatalogFile } from '../../../src/routing/create-router.ts';
import { resolvePair } from '../../../src/routing/model-catalog-pair.ts';
import { loadModelCatalog, resolveModel } from '../../../src/routing/model-catalog.ts';

const catalog = loadModelCatalog(defaultCatalogFile);

describe('resolveModel', () => {
  it.each([
    ['llama-3.1-8b-instruct', 'llama-3.1-8b-instruct', 'exact'],
    ['gpt-4-1106-preview', 'gpt-4-1106-preview', 'exact'],
    ['llama3:70b', 'llama-3-70b-instruct', 'alias'],
    ['llama3', 'llama-3-8b-instruct', 'alias'],
    ['llama3:latest', 'llama-3-8b-instruct', 'alias'],
    ['llama3:8b', 'llama-3-8b-instruct', 'alias'],
    ['llama3:70b-instruct-q4_K_M', 'llama-3-70b-instruct', 'alias'],
    ['llama3.1:70b', 'llama-3.1-70b-instruct', 'alias'],
    ['qwen2.5:7b', 'qwen2.5-7b-instruct', 'alias'],
    ['gemma2:2b', 'gemma-2-2b-it', 'alias'],
    ['gpt-4o', 'gpt-4o-2024-05-13', 'alias'],
    ['openai/gpt-4o', 'gpt-4o-2024-05-13', 'alias'],
    ['openai/gpt-4o-2024-08-06', 'gpt-4o-2024-08-06', 'alias'],
    ['meta-llama/Llama-3.1-8B-Instruct', 'llama-3.1-8b-instruct', 'alias'],
    ['hf.co/bartowski/Meta-Llama-3.1-8B-Instruct-GGUF:Q4_K_M', 'llama-3.1-8b-instruct', 'alias'],
    ['mistralai/Mixtral-8x7B-Instruct-v0.1', 'mixtral-8x7b-instruct-v0.1', 'alias'],
    ['Qwen/Qwen2.5-72B-Instruct-AWQ', 'qwen2.5-72b-instruct', 'alias'],
    ['anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku-20240307', 'alias'],
    ['us.anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku-20240307', 'alias'],
    ['bedrock/apac.anthropic.claude-3-haiku-20240307-v1:0', 'claude-3-haiku-20240307', 'alias'],
    ['mistral', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistral:7b', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistral:7b-instruct', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistral:7b-instruct-q4_K_M', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistral:v0.3', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistralai/Mistral-7B-Instruct-v0.3', 'mistral-7b-instruct-v0.2', 'alias'],
    ['mistralai/Mistral-7B-Instruct-v0.1', 'mistral-7b-instruct-v0.1', 'alias'],
    ['gpt-3.5-turbo-1106', 'gpt-3.5-turbo-0125', 'alias'],
    ['gpt-3.5-turbo-16k', 'gpt-3.5-turbo-0125', 'alias'],
    ['openai/gpt-3.5-turbo-0613', 'gpt-3.5-turbo-0125', 'alias'],
    ['deepseek-r1', 'o1-preview-2024-09-12', 'stand-in'],
    ['openrouter/deepseek/deepseek-r1', 'o1-preview-2024-09-12', 'stand-in'],
    ['ollama/deepseek-r1:671b', 'o1-preview-2024-09-12', 'stand-in'],
    ['ollama/deepseek-r1', 'llama-3-8b-instruct', 'stand-in'],
    ['deepseek-r1:latest', 'llama-3-8b-instruct', 'stand-in'],
    ['neural-chat', 'qwen2-7b-instruct', 'stand-in'],
    ['starling-lm', 'qwen2-7b-instruct', 'stand-in'],
    ['qwen3:32b', 'qwen2.5-32b-instruct', 'stand-in'],
    ['deepseek-r1:70b', 'llama-3.1-70b-instruct', 'stand-in'],
    ['claude-sonnet-4', 'claude-3-5-sonnet-20240620', 'stand-in'],
    ['gemma3:27b', 'gemma-2-27b-it', 'stand-in'],
    ['gemini-2.5-pro', 'gemini-1.5-pro', 'stand-in'],
    ['gemini-2.5-flash', 'gemini-1.5-flash', 'stand-in'],
    ['dolphin3:8b', 'llama-3-8b-instruct', 'stand-in'],
  ])('%s -> %s (%s)', (name, id, how) => {
    expect(resolveModel(catalog, name)).toMatchObject({ id, how });
  });

  it.each(['gpt-5', 'mistral-small3.1:24b', 'phi4', 'no-such-thing', 'constructor', '', '🦙'])(
    'finds some stand-in for %j that many prompts were tried on, and says so',
    (name) => {
      const { id, how, reason } = resolveModel(catalog, name)!;
      expect(how).toBe('stand-in');
      expect(reason).toMatch(/^(is not among the models|was tried on only \d+ prompts)/);
      expect(catalog.models.find((model) => model.id === id)!.prompts).toBeGreaterThan(3000);
    },
  );
});

it('takes a name of Ollama for a model of own outcomes, whatever size Ollama pulls', () => {
  const own = { id: 'deepseek-r1', family: 'deepseek', billions: 671, prompts: 0, sources: 0 };
  const models = [{ ...own, own: true as const }];
  expect(resolveModel({ ...catalog, models }, 'ollama/deepseek-r1')).toMatchObject({
    how: 'alias',
  });
});

describe('the shipped catalog', () => {
  it('has only aliases of models that it holds', () => {
    const ids = new Set(catalog.models.map(({ id }) => id));
    expect(Object.values(catalog.aliases).filter((id) => !ids.has(id))).toEqual([]);
  });

  it('is read strictly', () => {
    expect(() => loadModelCatalog('/no/catalog.json')).toThrow(ConfigError);
    expect(() => loadModelCatalog('package.json')).toThrow(/package\.json is wrong/);
  });
});

describe('resolvePair', () => {
  it('has nothing to say about known models', () => {
    expect(resolvePair(catalog, 'llama3:70b', 'llama3')).toEqual({
      strong: 'llama-3-70b-instruct',
      weak: 'llama-3-8b-instruct',
      notes: [],
    });
  });

  it('names stand-ins and the key that changes them', () => {
    const { notes } = resolvePair(catalog, 'qwen3:32b', 'llama3');
    expect(notes).toEqual([
      expect.stringMatching(
        /^strong model: qwen3:32b .*--strong-profile MODEL \(strong\.profile in the file\)/,
      ),
    ]);
  });

  it('refuses one model twice and names the keys that help', () => {
    expect(() => resolvePair(catalog, 'llama3', 'llama3:8b')).toThrow(
      /--strong-profile MODEL .* or --weak-profile MODEL/,
    );
  });

  it('goes by a profile where there is one, even of a little known model', () => {
    const profiles = { strong: 'deepseek-r1', weak: 'gemma2:2b' };
    expect(resolvePair(catalog, 'a', 'b', profiles)).toMatchObject({
      strong: 'deepseek-r1',
      weak: 'gemma-2-2b-it',
      notes: [],
    });
    expect(() => resolvePair(catalog, 'a', 'b', { weak: 'nobody' })).toThrow(
      /--weak-profile MODEL \(weak\.profile in the file\) is "nobody"/,
    );
  });
});
