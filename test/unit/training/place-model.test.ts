import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';
import { defaultCatalogFile, defaultWeightsFile } from '../../../src/routing/create-router.ts';
import { expectedQuality, type MfHead } from '../../../src/routing/matrix-factorization.ts';
import { loadModelCatalog } from '../../../src/routing/model-catalog.ts';
import { loadRouterWeights } from '../../../src/routing/router-weights.ts';
import { tinyWeightsWithTopics } from '../../support/tiny-router.ts';
import { knownModels } from '../../../src/training/known-models.ts';
import {
  crossValidate,
  modelPrior,
  placeModel,
  type KnownModel,
} from '../../../src/training/place-model.ts';

/** Spearman's correlation of two lists without ties. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]): number[] => {
    const order = [...values.keys()].sort((i, j) => values[i]! - values[j]!);
    const places = new Array<number>(values.length);
    for (const [place, i] of order.entries()) places[i] = place;
    return places;
  };
  const [ra, rb] = [ranks(a), ranks(b)];
  const n = a.length;
  const squares = ra.reduce((sum, place, i) => sum + (place - rb[i]!) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

describe('placing a model', () => {
  it('does not take how others failed by their form for what a new one does', () => {
    const weights = tinyWeightsWithTopics();
    const known = [0, 1, 2].map((row): KnownModel => ({ row, distance: 1, distances: [1, 1, 1] }));
    const meanOf = (ofForm: readonly boolean[]): number[] => {
      const topics = { ...weights.head.topics!, ofForm };
      return [...modelPrior({ ...weights.head, topics }, known).mean];
    };
    const [free, bound] = [meanOf([false, false]), meanOf([false, true])];
    expect(free[3]).toBeCloseTo(-0.5, 9);
    expect(bound).toEqual(free.with(3, 0));
  });

  it('brings a trained model back from 100 outcomes, its ranking of prompts included', () => {
    const weights = loadRouterWeights(defaultWeightsFile);
    const catalog = loadModelCatalog(defaultCatalogFile);
    const { rank } = weights.head;
    const count = weights.trafficFactors.length / rank;
    const correlations = ['qwen2.5-7b-instruct', 'gemma-2-2b-it', 'llama-3.1-8b-instruct'].map(
      (id) => {
        const row = weights.metadata.models.indexOf(id);
        const model = catalog.models.find((one) => one.id === id)!;
        const others = { ...catalog, models: catalog.models.filter((one) => one !== model) };
        const prior = modelPrior(weights.head, knownModels(others, weights.metadata.models, model));
        // Outcomes are drawn from the model as it was trained, on every tenth prompt of the
        // reference traffic; the others are ranked.
        const random = seededRandom(4);
        const quality = (i: number): number =>
          expectedQuality(weights.head, row, weights.trafficFactors, i * rank);
        const all = Array.from({ length: count }, (_, i) => i);
        const seen = all.filter((i) => i % (count / 100) === 0);
        const factors = Float64Array.from(
          seen.flatMap((i) => [...weights.trafficFactors.subarray(i * rank, (i + 1) * rank)]),
        );
        const scores = seen.map((i) => (random() < quality(i) ? 1 : 0));
        const placed = placeModel(rank, prior, { factors, scores });
        const head: MfHead = {
          ...weights.head,
          models: placed.factors,
          modelBias: Float64Array.of(placed.bias),
        };
        const rest = all.filter((i) => !seen.includes(i));
        return rankCorrelation(
          rest.map(quality),
          rest.map((i) => expectedQuality(head, 0, weights.trafficFactors, i * rank)),
        );
      },
    );
    // Seen with the weights of this commit: 0.996, 0.998, 0.995.
    for (const correlation of correlations) expect(correlation).toBeGreaterThan(0.9);
  });

  /** Two factors; six models on a line, whose second factor is their size. */
  const head: MfHead = {
    ...{ inputs: 1, hidden: 0, rank: 2 },
    linear: new Float64Array(2),
    hiddenWeights: new Float64Array(0),
    hiddenBias: new Float64Array(0),
    output: new Float64Array(0),
    models: Float64Array.from({ length: 12 }, (_, i) =>
      i % 2 === 0 ? 1 + 0.1 * Math.sin(i) : 0.3 * i,
    ),
    modelBias: Float64Array.from({ length: 6 }, (_, m) => 0.2 * m),
    topics: null,
  };
  const at = (place: number): KnownModel[] =>
    Array.from({ length: 6 }, (_, row) => ({
      row,
      distance: Math.abs(row - place),
      distances: Array.from({ length: 6 }, (_, other) => Math.abs(row - other)),
    }));

  it('takes what its likes are when there are no outcomes', () => {
    const prior = modelPrior(head, at(0));
    const placed = placeModel(2, prior, { factors: new Float64Array(0), scores: [] });
    expect([...placed.factors, placed.bias]).toEqual([...prior.mean]);
    const larger = modelPrior(head, at(5)).mean;
    expect(larger[1]).toBeGreaterThan(prior.mean[1]!);
  });

  it('stands where the loss has no slope', () => {
    const prior = modelPrior(head, at(2));
    const random = seededRandom(2);
    const factors = Float64Array.from({ length: 80 }, () => random() * 2 - 1);
    const scores = Array.from({ length: 40 }, () => (random() < 0.7 ? 1 : 0.25));
    const placed = placeModel(2, prior, { factors, scores });
    const z = [...placed.factors, placed.bias];
    // The prior's loss is |c|^2 / 2 with z = z0 + L c.
    const loss = (at: readonly number[]): number => {
      const c: number[] = [];
      for (let s = 0; s < 3; s++) {
        let rest = at[s]! - prior.mean[s]!;
        for (let t = 0; t < s; t++) rest -= prior.spread[s * 3 + t]! * c[t]!;
        c.push(rest / prior.spread[s * 3 + s]!);
      }
      const outcomes = scores.reduce((sum, y, i) => {
        const p = sigmoid(at[0]! * factors[2 * i]! + at[1]! * factors[2 * i + 1]! + at[2]!);
        return sum - y * Math.log(p) - (1 - y) * Math.log(1 - p);
      }, 0);
      return outcomes + c.reduce((sum, value) => sum + value * value, 0) / 2;
    };
    for (let t = 0; t < 3; t++) {
      const moved = (by: number) => z.map((value, i) => (i === t ? value + by : value));
      expect((loss(moved(1e-4)) - loss(moved(-1e-4))) / 2e-4).toBeCloseTo(0, 4);
    }
  });

  it('finds a model that does far worse than its likes', () => {
    const able = { ...head, modelBias: head.modelBias.map((bias) => 4 + 3 * bias) };
    const factors = new Float64Array(400).fill(1);
    const scores = Array.from({ length: 200 }, (_, i) => i % 2);
    const prompts = [...scores.keys()];
    const report = crossValidate(2, modelPrior(able, at(5)), { factors, scores }, prompts);
    expect(report.priorLoss).toBeGreaterThan(2);
    expect(report.loss).toBeLessThan(Math.log(2) + 0.05);
  });

  it('reports a loss on outcomes that the fit has not seen', () => {
    const prior = modelPrior(head, at(2));
    const factors = Float64Array.from({ length: 200 }, (_, i) => (i % 4 < 2 ? 1.5 : -1.5));
    const scores = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const report = crossValidate(2, prior, { factors, scores }, [...scores.keys()]);
    expect(report.meanLoss).toBeCloseTo(Math.log(2), 2);
    expect(report.loss).toBeLessThan(report.meanLoss);
  });

  it('keeps a prompt that was asked twice on one side of a split', () => {
    const prior = modelPrior(head, at(2));
    const random = seededRandom(7);
    // Of 40 prompts each has a factor of its own, and a score that has nothing to do with it.
    const once = Array.from({ length: 40 }, () => ({
      f: 6 * normal(random),
      y: random() < 0.5 ? 1 : 0,
    }));
    const twice = [...once, ...once.slice(1), once[0]!];
    const factors = Float64Array.from(twice.flatMap(({ f }) => [f, 1]));
    const scores = twice.map(({ y }) => y);
    const report = (prompts: readonly unknown[]) =>
      crossValidate(2, prior, { factors, scores }, prompts);
    expect(report(twice.map(({ f }) => f)).loss).toBeGreaterThan(report([...scores.keys()]).loss);
    expect(report(twice.map(() => 'the same')).loss).toBeCloseTo(
      report(twice.map(() => 0)).priorLoss,
      12,
    );
  });
});
