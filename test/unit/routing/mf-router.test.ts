import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { EmbeddingError } from '../../../src/errors.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { createRouters, type RouterDeps } from '../../../src/routing/create-router.ts';
import { factorsOf, pairScorer } from '../../../src/routing/matrix-factorization.ts';
import { createMfRouter, type MfRouterSettings } from '../../../src/routing/mf-router.ts';
import { createRandomRouter } from '../../../src/routing/random-router.ts';
import {
  loadRouterWeights,
  writeRouterWeights,
  type LoadedWeights,
} from '../../../src/routing/router-weights.ts';
import { fakeEmbedder, tinyCatalog, tinyWeights } from '../../support/tiny-router.ts';

let weights: LoadedWeights;
let settings: MfRouterSettings;

beforeAll(() => {
  const file = join(mkdtempSync(join(tmpdir(), 'weights-')), 'mf.safetensors');
  writeFileSync(file, writeRouterWeights(tinyWeights()));
  weights = loadRouterWeights(file);
  settings = {
    weights,
    catalog: tinyCatalog,
    embedder: fakeEmbedder(),
    strongName: 'big',
    weakName: 'small',
    strongProfile: null,
    weakProfile: null,
  };
});

describe('pairScorer', () => {
  it('is the formula, worked out in plain loops', () => {
    const { head, metadata, meanQuality } = weights;
    const x = Float64Array.of(0.1, -0.2, 0.3, 0.4, -0.5, 0.6);
    const factors = Array.from({ length: 2 }, (_, r) => {
      let f = 0;
      for (let t = 0; t < 6; t++) f += head.linear[r * 6 + t]! * x[t]!;
      for (let j = 0; j < 3; j++) {
        let z = head.hiddenBias[j]!;
        for (let t = 0; t < 6; t++) z += head.hiddenWeights[j * 6 + t]! * x[t]!;
        f += head.output[r * 3 + j]! * Math.max(0, z);
      }
      return f;
    });
    const quality = (m: number): number => {
      const z = factors.reduce(
        (sum, f, r) => sum + f * head.models[m * 2 + r]!,
        head.modelBias[m]!,
      );
      return 1 / (1 + Math.exp(-z));
    };
    // winRate = [0, 1, .5, 1, 0]: alpha = pi + .5 (q_s - q_w), beta = e.
    const pi = Math.log((0.75 * 0.75) / (1 - 0.75 * 0.75));
    const z = pi + 0.25 + Math.E * (quality(0) - quality(2));
    const scorer = pairScorer(head, metadata.winRate, meanQuality, 0, 2);
    const scored = scorer.scoreFactors(factorsOf(head, x, 1));
    expect(scored.strong).toBeCloseTo(quality(0), 12);
    expect(scored.weak).toBeCloseTo(quality(2), 12);
    expect(scored.winRate).toBeCloseTo(1 / (1 + Math.exp(-z)), 12);
  });

  it('ranks prompts by their expected gain', () => {
    const scorer = pairScorer(weights.head, weights.metadata.winRate, weights.meanQuality, 0, 2);
    const scores = Array.from({ length: 40 }, (_, i) =>
      scorer.scoreFactors(weights.trafficFactors, i * 2),
    ).sort((a, b) => a.winRate - b.winRate);
    const gains = scores.map(({ strong, weak }) => strong - weak);
    expect(gains).toEqual([...gains].sort((a, b) => a - b));
  });
});

describe('the mf router', () => {
  it('gives a number in [0, 1] and the vector for any text', async () => {
    const { router } = createMfRouter(settings);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const { winRate, embedding } = await router.score(text);
        expect(winRate).toBeGreaterThanOrEqual(0);
        expect(winRate).toBeLessThanOrEqual(1);
        expect(embedding).toHaveLength(4);
      }),
    );
  });

  it('stays finite when the embedder gives numbers that are not', async () => {
    const embedder = {
      ...fakeEmbedder(),
      embed: () =>
        Promise.resolve([{ vector: new Float32Array(4).fill(NaN), tokens: 1, unknownShare: 0 }]),
    };
    const { winRate } = await createMfRouter({ ...settings, embedder }).router.score('x');
    expect(winRate).toBeGreaterThan(0);
    expect(winRate).toBeLessThan(1);
  });

  it('sends half of the reference traffic to strong by default', () => {
    const { router } = createMfRouter(settings);
    const scorer = pairScorer(weights.head, weights.metadata.winRate, weights.meanQuality, 0, 2);
    const sent = Array.from({ length: 40 }, (_, i) =>
      scorer.scoreFactors(weights.trafficFactors, i * 2),
    ).filter(({ winRate }) => winRate >= router.defaultThreshold);
    expect(sent).toHaveLength(20);
  });

  it('explains the score it gives', async () => {
    const { router } = createMfRouter(settings);
    const explained = await router.explain('why?');
    expect(explained).toMatchObject(await router.score('why?'));
    expect(explained.reasons.map(({ name }) => name)).toEqual(['sentence meaning', 'wording']);
    expect(explained.expectedQuality!.strong).toBeGreaterThan(0);
  });

  it('has a version that changes with the pair', () => {
    const version = (weakName: string) => createMfRouter({ ...settings, weakName }).router.version;
    expect(version('small')).toBe(version('small'));
    expect(version('small')).not.toBe(version('middle'));
  });

  it('names the embedder that the weights are for', () => {
    const embedder = { ...fakeEmbedder(8, 'hub:bge'), flags: '--embedder hub:./bge' };
    expect(() => createMfRouter({ ...settings, embedder })).toThrow(
      /made with the embedder fake-4 \(4 dimensions\), not with hub:bge \(8\)/,
    );
    expect(() => createMfRouter({ ...settings, embedder })).toThrow(
      '`npm run train -- --data OUTCOMES --embedder hub:./bge --out mf-bge.safetensors` ' +
        'and start with `--weights mf-bge.safetensors` (weights in the file)',
    );
  });

  it('warns when the weak model is the better one', () => {
    const { notes } = createMfRouter({ ...settings, strongName: 'small', weakName: 'big' });
    expect(notes).toEqual([expect.stringContaining('are the two swapped?')]);
  });

  it('passes on that the embedder failed', async () => {
    const embedder = {
      ...fakeEmbedder(),
      embed: () => Promise.reject(new EmbeddingError('down')),
    };
    const { router } = createMfRouter({ ...settings, embedder });
    await expect(router.score('x')).rejects.toThrow(EmbeddingError);
  });
});

describe('the random router', () => {
  it('draws from the numbers it is given', async () => {
    const router = createRandomRouter(seededRandom(1));
    const expected = Array.from({ length: 3 }, seededRandom(1));
    const drawn = [await router.score(''), await router.score(''), await router.explain('')];
    expect(drawn.map(({ winRate }) => winRate)).toEqual(expected);
    expect(drawn[0]!.embedding).toBeNull();
    expect(router.defaultThreshold).toBe(0.5);
  });
});

describe('createRouters', () => {
  const deps = (): RouterDeps => ({
    embedder: fakeEmbedder(),
    strongName: 'big',
    weakName: 'small',
    strongProfile: null,
    weakProfile: null,
    weightsFile: weights.file,
  });

  it('makes the routers by name, in order', () => {
    const { routers } = createRouters(['random'], deps());
    expect([...routers.keys()]).toEqual(['random']);
  });

  it('lists the choices for an unknown name', () => {
    expect(() => createRouters(['best'], deps())).toThrow(/"best".*mf, .*random/);
  });

  it('needs an embedder for mf', () => {
    expect(() => createRouters(['mf'], { ...deps(), embedder: null })).toThrow(/embedder/);
  });
});
