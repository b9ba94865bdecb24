import { describe, expect, it } from 'vitest';
import {
  createRouters,
  defaultCatalogFile,
  defaultWeightsFile,
} from '../../../src/routing/create-router.ts';
import { resolvePair } from '../../../src/routing/model-catalog-pair.ts';
import { loadModelCatalog } from '../../../src/routing/model-catalog.ts';
import { loadRouterWeights } from '../../../src/routing/router-weights.ts';
import { catalogOfWeights, heldModels } from '../../../src/routing/weights-catalog.ts';
import { fakeEmbedder } from '../../support/tiny-router.ts';

const catalog = catalogOfWeights(
  loadModelCatalog(defaultCatalogFile),
  heldModels(loadRouterWeights(defaultWeightsFile)),
  [],
);
const quality = new Map(catalog.models.map((model) => [model.id, model.quality!]));

describe('stand-ins of a pair', () => {
  it('are the same for each router, and told once', () => {
    const { embedder } = loadRouterWeights(defaultWeightsFile).metadata;
    const { notes } = createRouters(['mf', 'knn', 'sw_ranking'], {
      ...{ strongName: 'gpt-oss:120b', weakName: 'gpt-oss:20b' },
      ...{ strongProfile: null, weakProfile: null, weightsFile: null },
      embedder: fakeEmbedder(embedder.dimensions, embedder.id),
    });
    expect(notes).toEqual([
      expect.stringMatching(/^strong model: .* scored as gpt-4-0314/),
      expect.stringMatching(/^weak model: .* scored as gpt-3\.5-turbo-0125/),
      expect.stringContaining('taken are gpt-4-0314 and gpt-3.5-turbo-0125,'),
    ]);
  });

  it.each([
    ['gpt-oss:120b', 'gpt-oss:20b'],
    ['qwen3:235b-a22b', 'qwen3:30b-a3b'],
    ['qwen3:34b', 'qwen2.5:32b'],
    ['qwen2.5:32b', 'qwen3:30b-thinking'],
    ['deepseek-reasoner', 'deepseek-chat'],
    ['qwen2.5:14b', 'qwen2.5:7b'],
    ['ollama/gemma3:4b', 'ollama/gemma3:1b'],
    ['qwen3:4b', 'qwen3:0.6b'],
    ['smollm2:1.7b', 'smollm2:135m'],
    ['llama3.2:3b', 'qwen3:0.6b'],
  ])('of %s and %s are in order', (strongName, weakName) => {
    const { strong, weak, notes } = resolvePair(catalog, strongName, weakName);
    expect(quality.get(strong)! - quality.get(weak)!).toBeGreaterThan(0.05);
    expect(notes.at(-1)).toContain(`taken are ${strong} and ${weak},`);
  });

  it('are those nearest to either name where these are in order', () => {
    expect(resolvePair(catalog, 'claude-sonnet-4', 'gemma3:27b')).toMatchObject({
      strong: 'claude-3-5-sonnet-20240620',
      weak: 'gemma-2-27b-it',
      notes: [expect.stringMatching(/^strong/), expect.stringMatching(/^weak/)],
    });
  });

  it('leave a model that is known by name as it is', () => {
    expect(resolvePair(catalog, 'qwen3:34b', 'qwen2.5:32b').weak).toBe('qwen2.5-32b-instruct');
    expect(resolvePair(catalog, 'qwen2.5:32b', 'qwen3:30b').strong).toBe('qwen2.5-32b-instruct');
    const profiles = { strong: 'gpt-4-0314' };
    const { strong, notes } = resolvePair(catalog, 'gpt-oss:120b', 'gpt-oss:20b', profiles);
    expect(strong).toBe('gpt-4-0314');
    expect(notes).toEqual([
      expect.stringMatching(/^weak model: gpt-oss:20b is not among .*; scored as gpt-3\.5-turbo/),
      'the models are by family and size nearest to gpt-4-0314 and gpt-4o-mini-2024-07-18, of which the ' +
        'one for weak does as well or better on average; taken are gpt-4-0314 and gpt-3.5-turbo-0125, ' +
        'the nearest two of which the one for strong is clearly better',
    ]);
  });

  it('change nothing for two known models, whichever is better', () => {
    expect(resolvePair(catalog, 'llama3', 'llama3:70b')).toEqual({
      strong: 'llama-3-8b-instruct',
      weak: 'llama-3-70b-instruct',
      notes: [],
    });
  });

  it('ask whether a strong model that is the smaller by name is the weak one', () => {
    const { notes } = resolvePair(catalog, 'qwen3:8b', 'qwen3:32b');
    expect(notes.at(-1)).toMatch(/the strong model is the smaller: are the two swapped\?$/);
    expect(resolvePair(catalog, 'qwen3:4b', 'qwen3:0.6b').notes.join()).not.toContain('swapped');
  });

  it('stay out of order where no other two fit, and then the keys that help are named', () => {
    const { strong, weak, notes } = resolvePair(catalog, 'gemma2:2b', 'llama3.2:3b');
    expect([strong, weak]).toEqual(['gemma-2-2b-it', 'qwen2.5-3b-instruct']);
    expect(notes.at(-1)).toMatch(
      /nearest to gemma-2-2b-it and qwen2\.5-3b-instruct, .* no other .* --strong-profile MODEL .* --weak-profile MODEL/,
    );
    expect(() => resolvePair(catalog, 'gemma2:2b', 'gemma3:1b')).toThrow(
      /both scored as gemma-2-2b-it; .*--strong-profile/,
    );
  });
});
