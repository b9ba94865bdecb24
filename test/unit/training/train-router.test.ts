import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';
import { expectedQuality, factorsOf } from '../../../src/routing/matrix-factorization.ts';
import { promptFactors, readPromptFor } from '../../../src/routing/prompt-factors.ts';
import { countNgrams, writeLexical } from '../../../src/routing/prompt-features-lexical.ts';
import { parseRouterWeights, type RouterWeights } from '../../../src/routing/router-weights.ts';
import { embedPrompts } from '../../../src/training/embed-prompts.ts';
import { fitLexical } from '../../../src/training/fit-lexical.ts';
import { fitWinRate, meanQualities } from '../../../src/training/fit-win-rate.ts';
import type { TrainingRows } from '../../../src/training/mf-loss.ts';
import type { Outcome } from '../../../src/training/outcomes.ts';
import {
  trainRouter,
  type EmbeddedOutcomes,
  type RouterTrainingInput,
} from '../../../src/training/train-router.ts';
import { kindOf, resample, trafficWeights } from '../../../src/training/traffic.ts';
import { fakeEmbedder } from '../../support/tiny-router.ts';

const strong = 'gpt-4-1106-preview';
const weak = 'mixtral-8x7b-instruct-v0.1';

/** The weak model fails where the prompt says "hard". */
async function syntheticSet(count: number, seed: number): Promise<EmbeddedOutcomes> {
  const random = seededRandom(seed);
  const rows = Array.from({ length: count }, (_, i): Outcome => {
    const hard = random() < 0.5;
    const filler = ['blue', 'green', 'red', 'grey'][Math.floor(random() * 4)]!;
    return {
      id: `s/${i}`,
      source: 's',
      prompt: `a ${hard ? 'hard' : 'simple'} ${filler} question`,
      scores: { [strong]: random() < 0.9 ? 1 : 0, [weak]: random() < (hard ? 0.2 : 0.9) ? 1 : 0 },
      metric: 'accuracy',
      key: `k${i}`,
    };
  });
  const embeddings = await fakeEmbedder().embed(rows.map(({ prompt }) => prompt));
  const prompts = rows.map(({ prompt }, i) => ({ text: prompt, embedding: embeddings[i]! }));
  return { rows, prompts, sha256: 'synthetic' };
}

async function input(): Promise<RouterTrainingInput> {
  const dev = await syntheticSet(200, 2);
  return {
    embedder: fakeEmbedder(),
    train: await syntheticSet(600, 1),
    dev,
    traffic: dev.prompts.slice(0, 50),
    kinds: [],
    licences: ['none'],
    settings: {
      lexical: { rows: 20, dimensions: 4 },
      surface: true,
      settled: true,
      topics: null,
      views: [
        ['sentence meaning', 'wording'],
        ['wording', 'length and marks'],
      ],
      weights: { modelPower: 0.5, sourcePower: 0.5 },
      mf: {
        ...{
          rank: 2,
          hidden: 4,
          epochs: 8,
          patience: 8,
          batch: 32,
          rate: 0.02,
          decay: 0.01,
          modelDecay: 0.001,
        },
        ...{ dropout: 0.1, hiddenDropout: 0.1, gapShare: 0.5, seed: 3 },
      },
    },
  };
}

describe('trainRouter', () => {
  it('learns where the weak model fails, and says so on dev', async () => {
    const { bytes, report } = trainRouter(await input());
    const pooled = report.figures.find(({ source }) => source === 'pooled')!;
    // The best that wording allows: all hard prompts first.
    expect(pooled.apgr).toBeGreaterThan(0.65);
    expect(pooled.interval95[0]).toBeLessThan(pooled.apgr);
    expect(report.calibration.crossFitted).toBeLessThan(0.12);
    expect(report.calibration.pairs).toMatchObject([{ strong, weak, prompts: 200 }]);
    const { metadata } = parseRouterWeights(bytes, 'file');
    expect(metadata.training).toMatchObject({ prompts: 600, outcomes: 1200, seed: 3 });
    expect(metadata.models).toEqual([strong, weak]);
  });

  it('writes the same bytes twice', async () => {
    const given = await input();
    expect(trainRouter(given).bytes).toEqual(trainRouter(given).bytes);
  });

  it('leaves out figures of a source on which both models do equally well', async () => {
    const given = await input();
    const rows = given.dev.rows.map((row, i) =>
      i < 80 ? { ...row, source: 'even', scores: { [strong]: 1, [weak]: 1 } } : row,
    );
    const { bytes } = trainRouter({ ...given, dev: { ...given.dev, rows } });
    const { dev } = parseRouterWeights(bytes, 'file').metadata.training;
    expect(dev.map(({ source }) => source)).toEqual(['s', 'pooled']);
  });

  it('reports own pairs where the usual ones have few prompts, and null where none has enough', async () => {
    const given = await input();
    const named = (row: Outcome, i: number): Outcome =>
      i < 10 ? row : { ...row, scores: { mine: row.scores[strong]!, other: row.scores[weak]! } };
    const train = { ...given.train, rows: given.train.rows.map(named) };
    const rows = given.dev.rows.map(named);
    const { report } = trainRouter({ ...given, train, dev: { ...given.dev, rows } });
    expect(report.figures[0]).toMatchObject({ strong: 'mine', weak: 'other', prompts: 190 });

    const prompts = given.dev.prompts.slice(0, 39);
    const few = { ...given.dev, rows: rows.slice(0, 39), prompts };
    const small = trainRouter({ ...given, train, dev: few });
    expect(small.report.calibration).toEqual({ crossFitted: null, sameRows: null, pairs: [] });
    const { training } = parseRouterWeights(small.bytes, 'file').metadata;
    expect(training).toMatchObject({ devCalibrationError: null, dev: [] });
  });

  it('settles the factors of the models, where they are many', async () => {
    const given = await input();
    const more = (row: Outcome, i: number): Outcome => {
      const scores = { ...row.scores };
      for (let m = 0; m < 20; m++) scores[`other-${m}`] = (i + m) % 3 ? 1 : 0;
      return { ...row, scores };
    };
    const train = { ...given.train, rows: given.train.rows.map(more) };
    const headOf = (settled: boolean) => {
      const settings = { ...given.settings, settled };
      return parseRouterWeights(trainRouter({ ...given, train, settings }).bytes, 'file').head;
    };
    const [settled, asTrained] = [headOf(true), headOf(false)];
    expect(settled.models).not.toEqual(asTrained.models);
    expect(settled.modelBias).not.toEqual(asTrained.modelBias);
    for (const name of ['linear', 'hiddenWeights', 'output'] as const) {
      expect(settled[name]).toEqual(asTrained[name]);
    }
  });

  it('learns the topics of the data, and keeps their names with the settings', async () => {
    const given = await input();
    const rows = given.train.rows.map((row) => ({
      ...{ ...row, category: row.prompt.includes('blue') ? 'blue' : 'other' },
    }));
    const topics = { epochs: 2, rate: 0.02, decay: 0, batch: 32, ridge: 5 };
    const train = { ...given.train, rows };
    const settings = { ...given.settings, topics };
    const { metadata, head } = parseRouterWeights(
      trainRouter({ ...given, train, settings }).bytes,
      'file',
    );
    expect(metadata.topics).toEqual(['s/blue', 's/other']);
    expect(metadata.training.settings).toMatchObject({
      topics: 'epochs 2, rate 0.02, decay 0, batch 32, ridge 5',
    });
    const without = parseRouterWeights(trainRouter({ ...given, train }).bytes, 'file');
    expect(without.metadata).toMatchObject({ topics: [], rank: metadata.rank });
    expect(without.head.linear).toEqual(head.linear);
    expect(without.metadata.training.settings).toMatchObject({ topics: 'none' });
  });

  it('holds answers that could not be read against their form alone', async () => {
    const given = await input();
    const asked = (set: EmbeddedOutcomes, form: string): EmbeddedOutcomes => ({
      ...set,
      rows: set.rows.map((row) => {
        const isBlue = row.prompt.includes('blue');
        const scores = { ...row.scores, [strong]: isBlue ? 0 : 1 };
        return {
          ...{ ...row, scores, category: isBlue ? 'blue' : 'other' },
          prompt: row.prompt + form,
        };
      }),
      prompts: set.prompts.map((prompt) => ({ ...prompt, text: prompt.text + form })),
    });
    const topics = { epochs: 8, rate: 0.05, decay: 0, batch: 32, ridge: 1 };
    const settings = { ...given.settings, topics };
    const trained = (form: string) => {
      const [train, dev] = [asked(given.train, form), asked(given.dev, form)];
      return parseRouterWeights(trainRouter({ ...given, train, dev, settings }).bytes, 'file');
    };
    const options = '\nA. yes\nB. no';
    const weights = trained(options);
    expect(weights.metadata.topicsOfForm).toEqual(['s/blue']);
    expect(weights.metadata.training.outcomes).toBe(1200);
    const embedder = fakeEmbedder();
    const qualityOf = async (some: RouterWeights, text: string): Promise<number> => {
      const [embedding] = await embedder.embed([text]);
      const f = promptFactors(readPromptFor(text, embedding!, some), some);
      return expectedQuality(some.head, some.metadata.models.indexOf(strong), f);
    };
    const text = 'a simple blue question';
    expect(await qualityOf(weights, text + options)).toBeLessThan(0.35);
    expect(await qualityOf(weights, text)).toBeGreaterThan(0.65);
    // Asked freely in training, the same outcomes are what the model can do.
    expect(await qualityOf(trained(''), text)).toBeLessThan(0.35);
  });

  it('learns which tasks are open from everyday prompts of known kinds', async () => {
    const given = await input();
    const kinds = ['write a poem', 'tell a story', 'prove it'].map((text, i) => ({
      ...{ text, embedding: given.traffic[i]!.embedding, source: 'chat', isOpen: i < 2 },
    }));
    const { bytes } = trainRouter({ ...given, kinds });
    const { head, openness } = parseRouterWeights(bytes, 'file');
    expect(openness?.weights).toHaveLength(head.inputs);
    expect(parseRouterWeights(trainRouter(given).bytes, 'file').openness).toBeNull();
  });
});

describe('fitLexical', () => {
  const texts = [
    ['cat', 'mat'],
    ['cat', 'mat', 'hat'],
    ['sum', 'root'],
    ['sum', 'root', 'cos'],
  ];
  const counts = texts.map(countNgrams);
  const table = fitLexical(counts, { rows: 20, dimensions: 2 }, seededRandom(1));

  it('puts prompts of like wording near each other', () => {
    const [a, b, c, d] = counts.map((prompt) => {
      const vector = new Float64Array(2);
      writeLexical(prompt, table, vector, 0);
      return vector;
    });
    const cosine = (x: Float64Array, y: Float64Array): number =>
      (x[0]! * y[0]! + x[1]! * y[1]!) / (Math.hypot(...x) * Math.hypot(...y));
    expect(cosine(a!, b!)).toBeGreaterThan(0.99);
    expect(cosine(c!, d!)).toBeGreaterThan(0.99);
    expect(Math.abs(cosine(a!, c!))).toBeLessThan(0.1);
  });

  it('keeps the n-grams of most prompts', () => {
    const small = fitLexical(counts, { rows: 3, dimensions: 2 }, seededRandom(1));
    expect(small.rows.size).toBe(3);
    expect(small.idf).toHaveLength(3);
  });
});

describe('fitWinRate', () => {
  it('finds probabilities that agree with how often strong wins', () => {
    // Two models, one number x: p = sigmoid(x), and sigmoid(x - 1); wins are independent draws.
    const head = {
      ...{ inputs: 1, hidden: 0, rank: 1 },
      linear: Float64Array.of(1),
      hiddenWeights: new Float64Array(0),
      hiddenBias: new Float64Array(0),
      output: new Float64Array(0),
      models: Float64Array.of(1, 1),
      modelBias: Float64Array.of(0, -1),
      topics: null,
    };
    const random = seededRandom(9);
    const count = 3000;
    const x = Float64Array.from({ length: count }, () => 3 * random() - 1);
    const rows: TrainingRows = {
      ...{ count, x, weights: new Float64Array(count).fill(1) },
      starts: Uint32Array.from({ length: count + 1 }, (_, i) => 2 * i),
      models: Uint16Array.from({ length: 2 * count }, (_, o) => o % 2),
      qualities: Float32Array.from({ length: 2 * count }, (_, o) =>
        random() < sigmoid(x[o >> 1]! - (o % 2)) ? 1 : 0,
      ),
    };
    const factors = factorsOf(head, x, count);
    const mean = meanQualities(head, rows, factors);
    const [t0, t1, t2, t3, t4] = fitWinRate(head, mean, rows, factors, 1);
    const pi = Math.log((mean[0]! * (1 - mean[1]!)) / (1 - mean[0]! * (1 - mean[1]!)));
    const alpha = t0 + t1 * pi + t2 * (mean[0]! - mean[1]!);
    const beta = Math.exp(t3 + t4 * pi);
    let predicted = 0;
    let true_ = 0;
    for (const value of x) {
      const [p, q] = [sigmoid(value), sigmoid(value - 1)];
      predicted += sigmoid(alpha + beta * (p - q)) / count;
      true_ += (p * (1 - q)) / count;
    }
    expect(Math.abs(predicted - true_)).toBeLessThan(0.02);
  });
});

describe('reference traffic', () => {
  it('draws each prompt as often as it weighs', () => {
    expect(resample(Float64Array.of(1, 0, 2, 1), 8)).toEqual([0, 0, 2, 2, 2, 2, 3, 3]);
  });

  it('holds other languages to a third and evens out categories', () => {
    const prompt = (language: string, category: string) => ({
      ...{ text: '', source: 's', language, category },
    });
    const prompts = [
      ...Array.from({ length: 8 }, () => prompt('en', 'math')),
      ...Array.from({ length: 2 }, () => prompt('en', 'chat')),
      ...Array.from({ length: 5 }, () => prompt('ja', 'chat')),
    ];
    const weights = trafficWeights(prompts);
    const sum = (from: number, to: number): number =>
      weights.slice(from, to).reduce((total, weight) => total + weight, 0);
    expect(sum(0, 10)).toBeCloseTo(2 / 3, 12);
    expect(sum(10, 15)).toBeCloseTo(1 / 3, 12);
    expect(weights[0]!).toBeLessThan(weights[8]!);
  });
});

describe('kindOf', () => {
  const prompt = { text: 'a', source: 'own', language: 'en', category: 'writing' };

  it('tells open tasks from closed ones by their category', () => {
    expect(kindOf(prompt)).toEqual([{ text: 'a', source: 'own', isOpen: true }]);
    expect(kindOf({ ...prompt, category: 'debugging' })).toMatchObject([{ isOpen: false }]);
  });

  it('leaves out what does not tell', () => {
    expect(kindOf({ ...prompt, category: 'knowledge' })).toEqual([]);
    const factual = { ...prompt, category: 'knowledge', source: 'webquestions' };
    expect(kindOf(factual)).toMatchObject([{ isOpen: false }]);
    expect(kindOf({ ...prompt, language: 'ja' })).toEqual([]);
    expect(kindOf({ ...prompt, source: 'ifeval' })).toEqual([]);
    expect(kindOf({ ...prompt, source: 'ifeval', category: 'math' })).toHaveLength(1);
  });
});

describe('embedPrompts', () => {
  it('embeds once and reads the rest from the folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'embeddings-'));
    const texts = Array.from({ length: 70 }, (_, i) => `text ${i}`);
    let calls = 0;
    const counting = {
      ...fakeEmbedder(),
      embed: (some: readonly string[]) => {
        calls++;
        return fakeEmbedder().embed(some);
      },
    };
    const done: number[] = [];
    const first = await embedPrompts(counting, texts, folder, (count) => done.push(count));
    expect(done).toEqual([64, 70]);
    expect(calls).toBe(2);
    expect(await embedPrompts(counting, texts, folder)).toEqual(first);
    expect(calls).toBe(2);
    await embedPrompts(counting, [...texts, 'one more'], folder);
    expect(calls).toBe(4);
  });
});
