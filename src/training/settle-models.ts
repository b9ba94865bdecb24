// What training leaves in a model's factors is partly chance: along directions in which its own outcomes
// say little (a model that was never asked for maths), they are where they started or where noise took
// them. Empirical Bayes settles them: with z = [a, b] of a model, its factors and bias as trained, and H
// the information of its outcomes about them,
//   H = sum over outcomes of  w p (1 - p) g g^T,   g = [f(x), 1], w the prompt's weight in training,
// the models are taken for draws from one normal distribution N(mu, S), and z becomes its posterior mean
//   (H + S^-1)^-1 (H z + S^-1 mu),
// which keeps what its outcomes tell and takes the rest from how models with such z differ elsewhere.
// mu and S are fitted by expectation maximisation (Dempster, Laird & Rubin 1977; for random effects Laird
// & Ware 1982), with the normal approximation of each model's likelihood at the trained z.
import { inversePositive } from '../math/cholesky.ts';
import { addProduct } from '../math/matrix.ts';
import { dot } from '../math/vector.ts';
import { expectedQuality, factorsOf, type MfHead } from '../routing/matrix-factorization.ts';
import type { TrainingRows } from './mf-loss.ts';

/** So few models do not tell how models differ: they stay as trained. */
const fewestModels = 20;
const iterations = 40;
/** Variance that S keeps along every direction, so that it can be inverted. */
const leastVariance = 1e-4;

/** The head with the models' factors and biases settled; `rows` are those that it was trained on. */
export function settleModels(head: MfHead, rows: TrainingRows): MfHead {
  const count = head.modelBias.length;
  if (count < fewestModels) return head;
  const { rank } = head;
  const width = rank + 1;
  const trained = new Float64Array(count * width);
  for (let m = 0; m < count; m++) {
    trained.set(head.models.subarray(m * rank, (m + 1) * rank), m * width);
    trained[m * width + rank] = head.modelBias[m]!;
  }
  const information = outcomeInformation(head, rows);
  // H z, the same in every step.
  const pulls = trained.map((_, i) => {
    const m = Math.floor(i / width);
    return dot(information[m]!, trained, (i % width) * width, m * width, width);
  });
  let z = trained;
  let mean = meanRow(z, width);
  let covariance = covarianceOf(z, mean, new Float64Array(width * width));
  for (let step = 0; step < iterations; step++) {
    const precision = inversePositive(covariance, width);
    const meanPull = mean.map((_, t) => dot(precision, mean, t * width, 0, width));
    const unsure = new Float64Array(width * width);
    const settled = new Float64Array(count * width);
    for (let m = 0; m < count; m++) {
      const both = information[m]!.map((value, i) => value + precision[i]!);
      const posterior = inversePositive(both, width);
      const pull = meanPull.map((value, t) => pulls[m * width + t]! + value);
      addProduct(settled.subarray(m * width, (m + 1) * width), posterior, pull, width, 1, width);
      for (const [i, value] of posterior.entries()) unsure[i]! += value;
    }
    z = settled;
    mean = meanRow(z, width);
    covariance = covarianceOf(z, mean, unsure);
  }
  return {
    ...head,
    models: Float64Array.from(head.models, (_, i) => z[Math.floor(i / rank) * width + (i % rank)]!),
    modelBias: Float64Array.from(head.modelBias, (_, m) => z[m * width + rank]!),
  };
}

/** H of each model [width x width]. */
function outcomeInformation(head: MfHead, rows: TrainingRows): Float64Array[] {
  const { rank } = head;
  const width = rank + 1;
  const factors = factorsOf(head, rows.x, rows.count);
  const sums = Array.from(head.modelBias, () => new Float64Array(width * width));
  const g = new Float64Array(width).fill(1);
  for (let i = 0; i < rows.count; i++) {
    g.set(factors.subarray(i * rank, (i + 1) * rank));
    for (let o = rows.starts[i]!; o < rows.starts[i + 1]!; o++) {
      const p = expectedQuality(head, rows.models[o]!, factors, i * rank);
      const sum = sums[rows.models[o]!]!;
      const weight = rows.weights[i]! * p * (1 - p);
      for (let s = 0; s < width; s++) {
        for (let t = 0; t <= s; t++) sum[s * width + t]! += weight * g[s]! * g[t]!;
      }
    }
  }
  for (const sum of sums) {
    for (let s = 0; s < width; s++) {
      for (let t = 0; t < s; t++) sum[t * width + s] = sum[s * width + t]!;
    }
  }
  return sums;
}

function meanRow(rows: Float64Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (const [i, value] of rows.entries()) mean[i % width]! += (value * width) / rows.length;
  return mean;
}

/** Mean over the rows of (z - mean)(z - mean)^T, `unsure` being the sum of how unsure each z is. */
function covarianceOf(rows: Float64Array, mean: Float64Array, unsure: Float64Array): Float64Array {
  const width = mean.length;
  const count = rows.length / width;
  const sum = unsure.slice();
  for (let m = 0; m < count; m++) {
    for (let s = 0; s < width; s++) {
      const apart = rows[m * width + s]! - mean[s]!;
      for (let t = 0; t < width; t++) {
        sum[s * width + t]! += apart * (rows[m * width + t]! - mean[t]!);
      }
    }
  }
  return sum.map((value, i) => value / count + (i % (width + 1) === 0 ? leastVariance : 0));
}
