import { describe, expect, it } from 'vitest';
import { defaultCatalogFile } from '../../../src/routing/create-router.ts';
import { resolvePair } from '../../../src/routing/model-catalog-pair.ts';
import { loadModelCatalog, resolveModel } from '../../../src/routing/model-catalog.ts';
import { catalogOfWeights } from '../../../src/routing/weights-catalog.ts';

const shipped = loadModelCatalog(defaultCatalogFile);
const held = (ids: readonly string[], prompts = 0, sources = 0) =>
  ids.map((id) => ({ id, prompts, sources }));
const shippedIds = shipped.models.map(({ id }) => id);

describe('catalogOfWeights', () => {
  it('is the shipped catalog for weights that hold all its models', () => {
    expect(catalogOfWeights(shipped, held(shippedIds), [])).toEqual(shipped);
    const more = catalogOfWeights(shipped, held([...shippedIds, 'mine']), []);
    expect(more.models).toHaveLength(shippedIds.length + 1);
    expect(more.models.slice(0, -1)).toEqual(shipped.models);
  });

  it.each([
    ['My-Llama:7b', 'My-Llama:7b'],
    ['my-llama:7b', 'My-Llama:7b'],
    ['ollama/my-llama:7b', 'My-Llama:7b'],
    ['openai/gpt-oss:120b', 'openai/gpt-oss:120b'],
    ['tuned:q8_0', 'tuned:q8_0'],
    ['ollama/tuned:q8_0', 'tuned:q8_0'],
    ['模型乙', '模型乙'],
    // The shipped catalog counts 28 outcomes of it; these weights are from others.
    ['mixtral:8x22b', 'mixtral-8x22b-instruct-v0.1'],
  ])('finds %s among models of own outcomes as %s', (name, id) => {
    const own = catalogOfWeights(
      shipped,
      held([
        ...['My-Llama:7b', 'openai/gpt-oss:120b', 'tuned:q4_0', 'tuned:q8_0', '模型甲', '模型乙'],
        'mixtral-8x22b-instruct-v0.1',
      ]),
      [],
    );
    expect(resolveModel(own, name)).toMatchObject({ id, reason: null });
    expect(resolveModel(own, '模型丙')).toBeNull();
  });

  it('lets none of own outcomes stand in, however many there are', () => {
    const own = catalogOfWeights(shipped, held(['big-corp', 'llama3.1:70b'], 9000, 5), []);
    expect(resolveModel(own, 'llama3.3')).toBeNull();
  });

  it('guesses no size from a word in a name that tells no family', () => {
    const own = catalogOfWeights(shipped, held(['small', 'GPT-5-mini', 'mine:3b']), []);
    expect(own.models.map(({ id, family, billions }) => [id, family, billions])).toEqual([
      ['small', 'unknown', null],
      ['GPT-5-mini', 'openai', 25],
      ['mine:3b', 'unknown', 3],
    ]);
  });

  it('names the models of the weights where none can stand in', () => {
    const own = catalogOfWeights(shipped, held(['big-corp', 'small-corp']), []);
    expect(() => resolvePair(own, 'big-corp', 'gpt-4o')).toThrow(
      /nothing of gpt-4o, .* by --weak-profile MODEL .*: big-corp, small-corp/,
    );
    expect(() => resolvePair(own, 'big-corp', 'x', { weak: 'gpt-4o' })).toThrow(
      /is "gpt-4o", which the router does not know/,
    );
  });
});
