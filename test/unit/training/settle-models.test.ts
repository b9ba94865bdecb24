import { describe, expect, it } from 'vitest';
import { normal, seededRandom, type Random } from '../../../src/math/random.ts';
import { sigmoid } from '../../../src/math/vector.ts';
import type { MfHead } from '../../../src/routing/matrix-factorization.ts';
import type { TrainingRows } from '../../../src/training/mf-loss.ts';
import { settleModels } from '../../../src/training/settle-models.ts';

const prompts = 400;

/** Prompts of two factors, f(x) = x; the first half is of a task in which the second factor is 0. */
function promptRows(random: Random): Float64Array {
  return Float64Array.from({ length: 2 * prompts }, (_, i) =>
    i % 2 === 1 && i < prompts ? 0 : 2 * normal(random),
  );
}

function headOf(models: Float64Array, modelBias: Float64Array): MfHead {
  return {
    ...{ inputs: 2, hidden: 0, rank: 2, models, modelBias },
    linear: Float64Array.of(1, 0, 0, 1),
    hiddenWeights: new Float64Array(0),
    hiddenBias: new Float64Array(0),
    output: new Float64Array(0),
    topics: null,
  };
}

/** Outcomes of model m on prompt i, where `answered` says so. */
function outcomes(
  head: MfHead,
  x: Float64Array,
  random: Random,
  answered: (m: number, i: number) => boolean,
): TrainingRows {
  const models: number[] = [];
  const qualities: number[] = [];
  const starts = [0];
  for (let i = 0; i < prompts; i++) {
    for (let m = 0; m < head.modelBias.length; m++) {
      if (!answered(m, i)) continue;
      const logit =
        head.modelBias[m]! +
        head.models[2 * m]! * x[2 * i]! +
        head.models[2 * m + 1]! * x[2 * i + 1]!;
      models.push(m);
      qualities.push(random() < sigmoid(logit) ? 1 : 0);
    }
    starts.push(models.length);
  }
  return {
    ...{ count: prompts, x, starts: Uint32Array.from(starts) },
    models: Uint16Array.from(models),
    qualities: Float32Array.from(qualities),
    weights: new Float64Array(prompts).fill(1),
  };
}

/** Models whose second factor goes with their bias: what is able is able at the second task, too. */
function ableModels(count: number, random: Random): MfHead {
  const ability = Float64Array.from({ length: count }, () => normal(random));
  const models = ability.map(() => 0);
  return headOf(
    Float64Array.from({ length: 2 * count }, (_, i) =>
      i % 2 === 0 ? 1 : 0.5 + 0.8 * ability[i >> 1]! + 0.05 * normal(random),
    ),
    models.map((_, m) => ability[m]!),
  );
}

describe('settleModels', () => {
  const random = seededRandom(3);
  const truth = ableModels(30, random);
  const x = promptRows(random);
  /** The first three models were never asked for the second task. */
  const isNarrow = (m: number): boolean => m < 3;
  const rows = outcomes(truth, x, random, (m, i) => !isNarrow(m) || i < prompts / 2);
  const trained = headOf(
    truth.models.map((value, i) =>
      isNarrow(i >> 1) && i % 2 === 1 ? 3 * normal(random) : value + 0.05 * normal(random),
    ),
    truth.modelBias.map((value) => value + 0.05 * normal(random)),
  );
  const settled = settleModels(trained, rows);
  const error = (head: MfHead, m: number): number =>
    Math.abs(head.models[2 * m + 1]! - truth.models[2 * m + 1]!);

  it('takes what a model was never asked from how able it is elsewhere', () => {
    for (const m of [0, 1, 2]) {
      expect(error(settled, m)).toBeLessThan(0.4);
      expect(error(settled, m)).toBeLessThan(error(trained, m) / 2);
    }
  });

  it('keeps what outcomes have told', () => {
    for (let m = 3; m < 30; m++) {
      expect(Math.abs(settled.models[2 * m + 1]! - trained.models[2 * m + 1]!)).toBeLessThan(0.2);
      expect(Math.abs(settled.modelBias[m]! - trained.modelBias[m]!)).toBeLessThan(0.2);
    }
  });

  it('is the posterior mean: a fixed point of expectation maximisation, by Gauss-Jordan', () => {
    const { mu, inverse } = momentsOf(settled, trained, rows);
    for (const m of [0, 7]) {
      const h = informationOf(trained, rows, m);
      const z = rowOf(trained, m);
      const both = h.map((row, s) => row.map((value, t) => value + inverse[s]![t]!));
      const pull = h.map((row, s) => times(row, z) + times(inverse[s]!, mu));
      const expected = invert(both).map((row) => times(row, pull));
      for (const [t, value] of rowOf(settled, m).entries())
        expect(value).toBeCloseTo(expected[t]!, 2);
    }
  });

  it('leaves few models as they were trained', () => {
    const few = ableModels(6, random);
    const seen = outcomes(few, x, random, () => true);
    expect(settleModels(few, seen)).toBe(few);
  });

  it('gives a model without outcomes the mean of the others, and changes nothing but models', () => {
    const all = outcomes(truth, x, random, (m) => m > 0);
    const { models, modelBias, ...rest } = settleModels(trained, all);
    expect(trained).toMatchObject(rest);
    const mean = (values: ArrayLike<number>): number =>
      Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
    expect(modelBias[0]).toBeCloseTo(mean(modelBias.subarray(1)), 3);
    expect(models[1]).toBeCloseTo(mean(models.filter((_, i) => i > 1 && i % 2 === 1)), 3);
  });
});

const rowOf = (head: MfHead, m: number): number[] => [
  head.models[2 * m]!,
  head.models[2 * m + 1]!,
  head.modelBias[m]!,
];

const times = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** H of one model, written out. */
function informationOf(head: MfHead, rows: TrainingRows, m: number): number[][] {
  const sum = [0, 1, 2].map(() => [0, 0, 0]);
  for (let i = 0; i < rows.count; i++) {
    for (let o = rows.starts[i]!; o < rows.starts[i + 1]!; o++) {
      if (rows.models[o] !== m) continue;
      const g = [rows.x[2 * i]!, rows.x[2 * i + 1]!, 1];
      const p = sigmoid(times(rowOf(head, m), g));
      for (let s = 0; s < 3; s++) {
        for (let t = 0; t < 3; t++) sum[s]![t]! += p * (1 - p) * g[s]! * g[t]!;
      }
    }
  }
  return sum;
}

/** mu and S^-1 of one more step of expectation maximisation from the settled models. */
function momentsOf(
  settled: MfHead,
  trained: MfHead,
  rows: TrainingRows,
): { mu: number[]; inverse: number[][] } {
  const all = Array.from(settled.modelBias, (_, m) => rowOf(settled, m));
  const mu = [0, 1, 2].map((t) => all.reduce((sum, z) => sum + z[t]!, 0) / all.length);
  const information = all.map((_, m) => informationOf(trained, rows, m));
  let s: number[][] = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? 1 : 0)));
  for (let step = 0; step < 40; step++) {
    const prior = invert(s);
    const unsure = information.map((h) =>
      invert(h.map((row, i) => row.map((v, j) => v + prior[i]![j]!))),
    );
    s = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => {
        const sum = all.reduce(
          (total, z, m) => total + (z[i]! - mu[i]!) * (z[j]! - mu[j]!) + unsure[m]![i]![j]!,
          0,
        );
        return sum / all.length + (i === j ? 1e-4 : 0);
      }),
    );
  }
  return { mu, inverse: invert(s) };
}

/** Gauss-Jordan elimination. */
function invert(a: readonly (readonly number[])[]): number[][] {
  const n = a.length;
  const rows = a.map((row, i) => [...row, ...row.map((_, j) => (i === j ? 1 : 0))]);
  for (let i = 0; i < n; i++) {
    const pivot = rows[i]![i]!;
    rows[i] = rows[i]!.map((value) => value / pivot);
    for (let j = 0; j < n; j++) {
      if (j === i) continue;
      const factor = rows[j]![i]!;
      rows[j] = rows[j]!.map((value, k) => value - factor * rows[i]![k]!);
    }
  }
  return rows.map((row) => row.slice(n));
}
