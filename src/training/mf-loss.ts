import { addProduct, addTransposedProduct } from '../math/matrix.ts';
import {
  expectedQuality,
  hiddenLayer,
  factorsOf,
  type MfHead,
} from '../routing/matrix-factorization.ts';

/** Prompts with the outcomes of the models that answered them. */
export interface TrainingRows {
  readonly count: number;
  /** x [count x inputs]. */
  readonly x: Float64Array;
  /** Outcomes of prompt i: positions starts[i] to starts[i + 1] of `models` and `qualities`. */
  readonly starts: Uint32Array;
  readonly models: Uint16Array;
  /** 0..1. */
  readonly qualities: Float32Array;
  /** Weight of every outcome of prompt i. */
  readonly weights: Float64Array;
}

/** One array per parameter of the head, same lengths. */
export type Gradients = Record<ParameterName, Float64Array>;

export const parameterNames = [
  'linear',
  'hiddenWeights',
  'hiddenBias',
  'output',
  'models',
  'modelBias',
] as const;
export type ParameterName = (typeof parameterNames)[number];

export function emptyGradients(head: MfHead): Gradients {
  const empty = (name: ParameterName) => new Float64Array(head[name].length);
  return {
    linear: empty('linear'),
    hiddenWeights: empty('hiddenWeights'),
    hiddenBias: empty('hiddenBias'),
    output: empty('output'),
    models: empty('models'),
    modelBias: empty('modelBias'),
  };
}

/** Random zeros with the rest scaled up (dropout): factors for h [n x hidden]. */
export type HiddenMask = Float64Array | undefined;

/**
 * Adds the gradient of
 *   loss = sum over prompts i of  w_i * [(1 - g) sum of CE(y, p_m(x_i)) + 4 g sum of (e_m - mean e)^2]
 * over the outcomes (m, y) of a prompt, with CE(y, p) = -y ln p - (1 - y) ln(1 - p) and e_m = p_m - y, to
 * `gradients` and returns the loss. `x` [batch x inputs] are the rows of `batch`, perhaps with noise.
 *
 * g = `gapShare`, 0..1: a score is a difference of two models' p, and the second sum is the squared error of
 * all these differences, 1/n sum over a < b of ((p_a - p_b) - (y_a - y_b))^2; what is hard for all models
 * alike, which the first sum is mostly about, cancels out. A prompt with one outcome has none.
 */
export function addGradients(
  head: MfHead,
  rows: TrainingRows,
  batch: Uint32Array,
  x: Float64Array,
  gradients: Gradients,
  mask: HiddenMask,
  gapShare: number,
): number {
  const { rank, hidden, inputs } = head;
  const n = batch.length;
  const h = hiddenLayer(head, x, n, mask);
  const f = factorsOf(head, x, n, h);
  const df = new Float64Array(n * rank);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const row = batch[i]!;
    const slopes = promptLoss(head, rows, row, f, i * rank, gapShare);
    loss += rows.weights[row]! * slopes.loss;
    for (const [j, slope] of slopes.logits.entries()) {
      const m = rows.models[rows.starts[row]! + j]!;
      const dz = rows.weights[row]! * slope;
      gradients.modelBias[m]! += dz;
      for (let r = 0; r < rank; r++) {
        gradients.models[m * rank + r]! += dz * f[i * rank + r]!;
        df[i * rank + r]! += dz * head.models[m * rank + r]!;
      }
    }
  }
  addTransposedProduct(gradients.linear, df, x, n, rank, inputs);
  if (hidden === 0) return loss;
  addTransposedProduct(gradients.output, df, h, n, rank, hidden);
  const dh = new Float64Array(n * hidden);
  addProduct(dh, df, head.output, n, hidden, rank);
  for (let i = 0; i < dh.length; i++) {
    // h is 0 where the unit is off or dropped.
    dh[i] = h[i]! > 0 ? dh[i]! * (mask?.[i] ?? 1) : 0;
    gradients.hiddenBias[i % hidden]! += dh[i]!;
  }
  addTransposedProduct(gradients.hiddenWeights, dh, x, n, hidden, inputs);
  return loss;
}

/** One prompt's loss, and its slope in the logit of each outcome: d CE / d logit = p - y. */
function promptLoss(
  head: MfHead,
  rows: TrainingRows,
  row: number,
  factors: Float64Array,
  offset: number,
  gapShare: number,
): { loss: number; logits: Float64Array } {
  const start = rows.starts[row]!;
  const n = rows.starts[row + 1]! - start;
  const p = new Float64Array(n);
  const errors = new Float64Array(n);
  let loss = 0;
  let meanError = 0;
  for (let j = 0; j < n; j++) {
    const y = rows.qualities[start + j]!;
    p[j] = expectedQuality(head, rows.models[start + j]!, factors, offset);
    errors[j] = p[j]! - y;
    meanError += errors[j]! / n;
    loss += (1 - gapShare) * crossEntropy(y, p[j]!);
  }
  const logits = errors.map((error, j) => {
    const apart = error - meanError;
    loss += 4 * gapShare * apart * apart;
    return (1 - gapShare) * error + 8 * gapShare * apart * p[j]! * (1 - p[j]!);
  });
  return { loss, logits };
}

/** Weighted mean of the same loss per outcome; without `gapShare` the cross entropy in nats. */
export function meanLoss(head: MfHead, rows: TrainingRows, gapShare = 0): number {
  const block = 256;
  let loss = 0;
  let total = 0;
  for (let start = 0; start < rows.count; start += block) {
    const n = Math.min(block, rows.count - start);
    const x = rows.x.subarray(start * head.inputs, (start + n) * head.inputs);
    const f = factorsOf(head, x, n);
    for (let i = 0; i < n; i++) {
      const row = start + i;
      const weight = rows.weights[row]!;
      loss += weight * promptLoss(head, rows, row, f, i * head.rank, gapShare).loss;
      total += weight * (rows.starts[row + 1]! - rows.starts[row]!);
    }
  }
  return loss / total;
}

function crossEntropy(y: number, p: number): number {
  const tiny = 1e-12;
  return -y * Math.log(p + tiny) - (1 - y) * Math.log(1 - p + tiny);
}
