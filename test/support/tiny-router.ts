import type { Embedder } from '../../src/embedding/embedder.ts';
import { normal, seededRandom } from '../../src/math/random.ts';
import type { ModelCatalog } from '../../src/routing/model-catalog.ts';
import type { RouterWeights } from '../../src/routing/router-weights.ts';

/** Numbers that halves hold exactly, so that a written file reads back equal. */
function halves(length: number, random: () => number): Float64Array {
  return Float64Array.from({ length }, () => Math.round(normal(random) * 64) / 64);
}

/** Weights of a random head for 3 models, an embedder of 4 dimensions and 2 n-grams. */
export function tinyWeights(seed = 1): RouterWeights {
  const random = seededRandom(seed);
  const [inputs, hidden, rank, models, traffic] = [6, 3, 2, 3, 40];
  return {
    metadata: {
      formatVersion: 1,
      kind: 'mf',
      embedder: { id: 'fake-4', dimensions: 4 },
      features: { lexicalRows: 2, lexicalDimensions: 2, surface: false },
      hidden,
      rank,
      topics: [],
      topicsOfForm: [],
      models: ['big', 'middle', 'small'],
      winRate: [0, 1, 0.5, 1, 0],
      trafficPrompts: traffic,
      training: {
        dataSha256: 'none',
        prompts: 1,
        outcomes: 3,
        seed,
        settings: {},
        devLoss: 0.5,
        devCalibrationError: 0.1,
        dev: [],
      },
      licences: [],
    },
    features: {
      sentence: 4,
      surface: false,
      mean: new Float32Array(inputs),
      scale: new Float32Array(inputs).fill(1),
      lexical: {
        dimensions: 2,
        rows: new Map([
          [1, 0],
          [2, 1],
        ]),
        idf: Float32Array.of(1, 2),
        table: Float32Array.of(127, 0, -127, 127),
      },
    },
    head: {
      inputs,
      hidden,
      rank,
      linear: halves(rank * inputs, random),
      hiddenWeights: halves(hidden * inputs, random),
      hiddenBias: halves(hidden, random),
      output: halves(rank * hidden, random),
      models: halves(models * rank, random),
      modelBias: Float64Array.of(1, 0, -1),
      topics: null,
    },
    caution: null,
    openness: null,
    familiarity: null,
    meanQuality: Float32Array.of(0.75, 0.5, 0.25),
    trafficFactors: halves(traffic * rank, random),
  };
}

/** The same with two topics behind the factors: 1 of 3 models differs between them. */
export function tinyWeightsWithTopics(seed = 1): RouterWeights {
  const weights = tinyWeights(seed);
  const { head, metadata, trafficFactors } = weights;
  const random = seededRandom(seed + 1);
  const wider = (rows: Float64Array, added: (row: number) => readonly [number, number]) =>
    Float64Array.from({ length: (rows.length / head.rank) * (head.rank + 2) }, (_, i) => {
      const row = Math.floor(i / (head.rank + 2));
      const at = i % (head.rank + 2);
      return at < head.rank ? rows[row * head.rank + at]! : added(row)[at - head.rank]!;
    });
  const names = ['exam/law', 'exam/maths'];
  return {
    ...weights,
    metadata: { ...metadata, topics: names },
    head: {
      ...head,
      rank: head.rank + 2,
      models: wider(head.models, (row) => (row === 2 ? [0.5, -1.5] : [0, 0])),
      topics: {
        ...{ names, ofForm: [false, false] },
        ...{ weights: halves(2 * head.inputs, random), bias: Float64Array.of(0.5, 0) },
      },
    },
    trafficFactors: wider(trafficFactors, () => [0.25, 0.75]),
  };
}

export const tinyCatalog: ModelCatalog = {
  formatVersion: 1,
  models: [
    { id: 'big', family: 'x', billions: 70, prompts: 5000, sources: 4 },
    { id: 'middle', family: 'x', billions: 20, prompts: 5000, sources: 4 },
    { id: 'small', family: 'x', billions: 7, prompts: 5000, sources: 4 },
  ],
  aliases: {},
  families: [],
  sizeClasses: [],
  defaultSizes: {},
};

/** Vectors that depend on the text's characters. */
export function fakeEmbedder(dimensions = 4, id = `fake-${dimensions}`): Embedder {
  return {
    id,
    dimensions,
    embed: (texts) =>
      Promise.resolve(
        texts.map((text) => {
          const vector = new Float32Array(dimensions);
          for (let i = 0; i < text.length; i++)
            vector[i % dimensions]! += Math.sin(text.charCodeAt(i));
          const length = Math.hypot(...vector) || 1;
          return { vector: vector.map((v) => v / length), tokens: text.length, unknownShare: 0 };
        }),
      ),
    close: () => Promise.resolve(),
  };
}
