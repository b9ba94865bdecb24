import { describe, expect, it } from 'vitest';
import { createRouters } from '../../../src/routing/create-router.ts';
import { createKnnRouter } from '../../../src/routing/knn-router.ts';
import { createOutcomeSearch } from '../../../src/routing/nearest-outcomes.ts';
import { pairOutcomes } from '../../../src/routing/neighbour-pair.ts';
import { loadedNeighbours, tinyNeighbours } from '../../support/tiny-neighbours.ts';
import { fakeEmbedder, tinyCatalog } from '../../support/tiny-router.ts';

const settings = () => ({
  neighbours: loadedNeighbours(),
  catalog: tinyCatalog,
  embedder: fakeEmbedder(),
  strongName: 'big',
  weakName: 'small',
  strongProfile: null,
  weakProfile: null,
});

describe('the nearest outcomes', () => {
  it('give the win rate worked out by hand', () => {
    // Three prompts at cosine 1, 0.8 and 0; the two nearest count, e^0 and e^(8 * -0.2).
    const known = {
      ids: ['a', 'b', 'c'],
      vectors: Float32Array.of(1, 0, 0.8, 0.6, 0, 1),
      strong: Float32Array.of(1, 1, 0),
      weak: Float32Array.of(0, 1, 0),
    };
    const found = createOutcomeSearch(known, 2).nearest(Float32Array.of(2, 0));
    expect(found.neighbours.map(({ id }) => id)).toEqual(['a', 'b']);
    const w = Math.exp(-1.6);
    expect(found.strong).toBeCloseTo(1, 6);
    expect(found.weak).toBeCloseTo(w / (1 + w), 6);
    // Won 1 of 3, mean gap (1 + 0 + 0) / 3.
    expect(found.winRate).toBeCloseTo(1 / 3 + 1 / (1 + w) - 1 / 3, 6);
  });

  it('start from how often strong won', () => {
    const known = pairOutcomes(loadedNeighbours(), 'big', 'small');
    const wins = known.ids.filter((_, i) => known.strong[i]! > known.weak[i]!).length;
    expect(createOutcomeSearch(known).base).toBeCloseTo(wins / known.ids.length, 12);
  });

  it('cover only the prompts that both models answered', () => {
    const made = tinyNeighbours();
    // Prompt 0 loses its outcome of "small".
    const neighbours = loadedNeighbours({
      ...made,
      metadata: { ...made.metadata, outcomes: made.scores.length - 1 },
      starts: made.starts.map((start, i) => (i === 0 ? 0 : start - 1)),
      models: made.models.filter((_, i) => i !== 2),
      scores: made.scores.filter((_, i) => i !== 2),
    });
    expect(pairOutcomes(neighbours, 'big', 'small').ids).toHaveLength(239);
    expect(pairOutcomes(neighbours, 'big', 'middle').ids).toHaveLength(240);
  });
});

describe('the knn router', () => {
  it('finds out where the weak model fails', async () => {
    const router = createKnnRouter(settings()).router;
    const embedder = (first: number) => ({
      ...fakeEmbedder(),
      embed: () =>
        Promise.resolve([{ vector: Float32Array.of(first, 0, 0, 0), tokens: 1, unknownShare: 0 }]),
    });
    const scoreAt = async (first: number) =>
      (await createKnnRouter({ ...settings(), embedder: embedder(first) }).router.score('x'))
        .winRate;
    const base = (await router.score('hello')).winRate;
    expect(base).toBeGreaterThanOrEqual(0);
    expect(await scoreAt(-1)).not.toBe(await scoreAt(1));
    for (const winRate of [await scoreAt(-1), await scoreAt(1), await scoreAt(NaN)]) {
      expect(winRate).toBeGreaterThanOrEqual(0);
      expect(winRate).toBeLessThanOrEqual(1);
    }
  });

  it('names the nearest prompts and their outcomes', async () => {
    const { router } = createKnnRouter(settings());
    const explained = await router.explain('why is the sky blue');
    expect(explained.winRate).toBe((await router.score('why is the sky blue')).winRate);
    const names = explained.reasons.map(({ name }) => name);
    expect(names[0]).toMatch(/^weak was as good on \d+ of 60 similar prompts$/);
    expect(names).toHaveLength(6);
    expect(names[1]).toMatch(/^s\/\d+: strong [01], weak [01] \(similarity -?[\d.]+\)$/);
    expect(explained.expectedQuality!.strong).toBeGreaterThan(0);
  });

  it('says how many prompts it lacks, and for which pair', () => {
    const few = loadedNeighbours(tinyNeighbours({ prompts: 149 }));
    expect(() => createKnnRouter({ ...settings(), neighbours: few })).toThrow(
      /only 149 prompts that both big and small answered, and needs 150/,
    );
  });

  it('says that a model has no outcome', () => {
    const other = loadedNeighbours(tinyNeighbours({ models: ['big', 'middle', 'tiny'] }));
    expect(() => createKnnRouter({ ...settings(), neighbours: other })).toThrow(
      /no outcome of small/,
    );
  });

  it('has a version that changes with the pair', () => {
    const version = (weakName: string) =>
      createKnnRouter({ ...settings(), weakName }).router.version;
    expect(version('small')).toBe(version('small'));
    expect(version('small')).not.toBe(version('middle'));
  });
});

it('serves knn and sw_ranking from the shipped file, for a pair by its everyday names', async () => {
  const { routers } = createRouters(['knn', 'sw_ranking'], {
    embedder: fakeEmbedder(384, 'minilm-384-v1'),
    strongName: 'llama3.1:70b',
    weakName: 'llama3.1:8b',
    strongProfile: null,
    weakProfile: null,
    weightsFile: null,
  });
  for (const router of routers.values()) {
    const { winRate } = await router.score('What is the capital of France?');
    expect(winRate).toBeGreaterThanOrEqual(0);
    expect(winRate).toBeLessThanOrEqual(1);
    expect(router.defaultThreshold).toBeGreaterThan(0);
    expect(router.defaultThreshold).toBeLessThan(1);
  }
});
