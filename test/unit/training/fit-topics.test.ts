import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';
import {
  expectedQuality,
  factorsOf,
  type MfHead,
} from '../../../src/routing/matrix-factorization.ts';
import { topicShares } from '../../../src/routing/topics.ts';
import { fitTopicOffsets } from '../../../src/training/fit-topic-offsets.ts';
import { addTopics, type TopicSettings } from '../../../src/training/fit-topics.ts';
import type { TrainingRows } from '../../../src/training/mf-loss.ts';

const topics = ['history', 'law', 'maths'];
const settings: TopicSettings = {
  ...{ epochs: 20, rate: 0.05, decay: 0.01, batch: 32, ridge: 1, seed: 5 },
};

/** Three clouds of x, one a topic; f = x0, which says nothing. Model 0 is poor at law, model 1 was never asked law. */
function prompts(count: number): { rows: TrainingRows; topicOf: string[] } {
  const random = seededRandom(7);
  const x = new Float64Array(count * 4);
  const starts = [0];
  const models: number[] = [];
  const qualities: number[] = [];
  const topicOf: string[] = [];
  for (let i = 0; i < count; i++) {
    const topic = i % 3;
    topicOf.push(topics[topic]!);
    for (let j = 0; j < 4; j++) x[i * 4 + j] = 0.3 * normal(random) + (j === topic + 1 ? 2 : 0);
    models.push(0);
    qualities.push(random() < (topic === 1 ? 0.2 : 0.8) ? 1 : 0);
    if (topic !== 1) {
      models.push(1);
      qualities.push(random() < 0.9 ? 1 : 0);
    }
    starts.push(models.length);
  }
  return {
    topicOf,
    rows: {
      ...{ count, x, weights: new Float64Array(count).fill(1) },
      starts: Uint32Array.from(starts),
      models: Uint16Array.from(models),
      qualities: Float32Array.from(qualities),
    },
  };
}

/** Sure of nothing: 0.6 for both models, whatever the prompt. */
const head: MfHead = {
  ...{ inputs: 4, hidden: 0, rank: 1, topics: null },
  linear: Float64Array.of(1, 0, 0, 0),
  ...{ hiddenWeights: new Float64Array(0), hiddenBias: new Float64Array(0) },
  output: new Float64Array(0),
  models: Float64Array.of(0.5, -0.5),
  modelBias: new Float64Array(2).fill(Math.log(1.5)),
};

describe('addTopics', () => {
  const { rows, topicOf } = prompts(600);
  const add = (some: readonly string[], how = settings): MfHead =>
    addTopics(head, rows, some, new Set(['law']), how);
  const added = add(topicOf);

  it('learns which topic a prompt is of', () => {
    const shares = topicShares(added.topics!, rows.x, rows.count);
    for (const [i, topic] of topicOf.entries()) {
      const row = shares.subarray(i * 3, i * 3 + 3);
      expect(row.indexOf(Math.max(...row))).toBe(topics.indexOf(topic));
      expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    }
    expect(added.topics!.names).toEqual(topics);
    expect(added.topics!.ofForm).toEqual([false, true, false]);
  });

  it('keeps the factors, with the shares behind them and no offset yet', () => {
    expect(added.rank).toBe(4);
    const f = factorsOf(added, rows.x, rows.count);
    const shares = topicShares(added.topics!, rows.x, rows.count);
    for (const i of [0, 1, 599]) {
      expect(f[i * 4]).toBe(rows.x[i * 4]);
      expect([...f.subarray(i * 4 + 1, i * 4 + 4)]).toEqual([...shares.subarray(i * 3, i * 3 + 3)]);
    }
    expect([...added.models]).toEqual([0.5, 0, 0, 0, -0.5, 0, 0, 0]);
  });

  it('gives the same numbers again for the same seed, others for another', () => {
    expect(add(topicOf)).toEqual(added);
    const other = add(topicOf, { ...settings, seed: 6 });
    expect(other.topics!.weights).not.toEqual(added.topics!.weights);
  });

  it('leaves out topics of a few prompts, and a head of data with one topic as it was', () => {
    const rare = topicOf.map((topic, i) => (i < 9 ? 'rare' : topic));
    expect(add(rare).topics!.names).toEqual(topics);
    expect(add(topicOf.map(() => 'one'))).toBe(head);
  });

  it('keeps the largest of very many topics', () => {
    const many = prompts(3000);
    const finer = Array.from(many.topicOf, (_, i) => `t${Math.min(i % 290, 280)}`);
    const { names } = addTopics(head, many.rows, finer, new Set(), {
      ...{ ...settings, epochs: 1 },
    }).topics!;
    expect(names).toHaveLength(256);
    expect(names).toContain('t280');
  });
});

describe('fitTopicOffsets', () => {
  /** Of two models' offsets, what the head says with a share of 1 of each topic in turn; the latent factor 0. */
  const qualities = (fitted: MfHead): number[][] =>
    [0, 1].map((model) =>
      topics.map((_, topic) => {
        const f = Float64Array.from({ length: 4 }, (_, r) => (r === topic + 1 ? 1 : 0));
        return expectedQuality(fitted, model, f);
      }),
    );

  it('moves a model where its outcomes differ from what the head expects, by topic', () => {
    const { rows, topicOf } = prompts(600);
    const wide = addTopics(head, rows, topicOf, new Set(), settings);
    const factors = factorsOf({ ...wide, linear: new Float64Array(4) }, rows.x, rows.count);
    const fitted = fitTopicOffsets(wide, rows, factors, topicOf, 1);
    const [first, second] = qualities(fitted);
    expect(first![0]).toBeCloseTo(0.8, 1);
    expect(first![1]).toBeCloseTo(0.2, 1);
    expect(first![2]).toBeCloseTo(0.8, 1);
    // Never asked about law, and better than the head said elsewhere.
    expect(second![0]).toBeGreaterThan(0.75);
    expect(second![1]).toBeCloseTo(0.6, 12);
    expect([...fitted.models].filter((_, i) => i % 4 === 0)).toEqual([0.5, -0.5]);
  });

  /** Prompts of one topic, of which the head is as sure as `bias` says; every so many outcomes are good. */
  function offsetOf(
    ...[count, bias, share, good, ofForm = false]: [number, number, number, number, boolean?]
  ): number {
    const rows: TrainingRows = {
      ...{ count, x: new Float64Array(count), weights: new Float64Array(count).fill(1) },
      starts: Uint32Array.from({ length: count + 1 }, (_, i) => i),
      models: new Uint16Array(count),
      qualities: new Float32Array(count).map((_, i) => (i < good * count ? 1 : 0)),
    };
    const layer = {
      ...{ names: ['a', 'b'], ofForm: [ofForm, false] },
      ...{ weights: new Float64Array(2), bias: new Float64Array(2) },
    };
    const wide: MfHead = {
      ...{ ...head, inputs: 1, rank: 3, topics: layer, linear: new Float64Array(1) },
      ...{ models: new Float64Array(3), modelBias: Float64Array.of(bias) },
    };
    const factors = Float64Array.from({ length: 3 * count }, (_, i) => (i % 3 === 1 ? share : 0));
    const { models } = fitTopicOffsets(wide, rows, factors, new Array<string>(count).fill('a'), 5);
    expect([...models]).toEqual([0, models[1], 0]);
    return models[1]!;
  }

  it('finds the offset by which a head that was all too sure comes down', () => {
    for (const [count, bias, share, ofForm, ridge] of [
      [300, Math.log(19), 1, false, 5],
      [3000, Math.log(19), 0.5, false, 5],
      [300, Math.log(9), 0.3, false, 5],
      // Drawn less towards 0.
      [300, Math.log(9), 0.3, true, 0.5],
    ] as const) {
      const good = 0.3;
      const slopeAt = (o: number): number =>
        ridge * o + count * share * (sigmoid(bias + o * share) - good);
      let [low, high] = [-30, 0];
      for (let step = 0; step < 60; step++) {
        const middle = (low + high) / 2;
        if (slopeAt(middle) < 0) low = middle;
        else high = middle;
      }
      expect(offsetOf(count, bias, share, good, ofForm)).toBeCloseTo(low, 4);
    }
  });

  it('reaches the least of the penalized loss', () => {
    const { rows } = prompts(90);
    const random = seededRandom(3);
    const factors = new Float64Array(90 * 4);
    for (let i = 0; i < 90; i++) {
      const odds = [0, 1, 2].map(() => Math.exp(normal(random)));
      const sum = odds.reduce((total, one) => total + one);
      factors.set([normal(random), ...odds.map((one) => one / sum)], i * 4);
    }
    const ridge = 8;
    const { topicOf } = prompts(90);
    const wide = addTopics(head, rows, topicOf, new Set(), settings);
    const { models } = fitTopicOffsets(wide, rows, factors, topicOf, ridge);
    const loss = (offsets: readonly number[]): number => {
      let sum = offsets.reduce((total, value) => total + (ridge * value * value) / 2, 0);
      for (let i = 0; i < 90; i++) {
        const z = offsets.reduce(
          (total, value, t) => total + value * factors[i * 4 + t + 1]!,
          Math.log(1.5) + 0.5 * factors[i * 4]!,
        );
        const y = rows.qualities[rows.starts[i]!]!;
        sum -= y * Math.log(sigmoid(z)) + (1 - y) * Math.log(1 - sigmoid(z));
      }
      return sum;
    };
    const found = [...models.subarray(1, 4)];
    for (let t = 0; t < 3; t++) {
      for (const step of [-0.02, 0.02]) {
        const beside = found.map((value, s) => value + (s === t ? step : 0));
        expect(loss(beside)).toBeGreaterThan(loss(found));
      }
    }
  });
});
