import { addProduct, addTransposedProduct } from '../math/matrix.ts';
import {
  expectedQuality,
  hiddenLayer,
  latentFactors,
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
 *   loss = sum over prompts i, outcomes (m, y) of  w_i * CE(y, p_m(x_i)),
 *   CE(y, p) = -y ln p - (1 - y) ln(1 - p)
 * to `gradients` and returns the loss. `x` [batch x inputs] are the rows of `batch`, perhaps with
 * noise. d CE / d logit = p - y.
 */
export function addGradients(
  head: MfHead,
  rows: TrainingRows,
  batch: Uint32Array,
  x: Float64Array,
  gradients: Gradients,
  mask: HiddenMask,
): number {
  const { rank, hidden, inputs } = head;
  const n = batch.length;
  const h = hiddenLayer(head, x, n, mask);
  const f = latentFactors(head, x, n, h);
  const df = new Float64Array(n * rank);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const row = batch[i]!;
    const weight = rows.weights[row]!;
    for (let o = rows.starts[row]!; o < rows.starts[row + 1]!; o++) {
      const m = rows.models[o]!;
      const y = rows.qualities[o]!;
      const p = expectedQuality(head, m, f, i * rank);
      loss += weight * crossEntropy(y, p);
      const dz = weight * (p - y);
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

/** Weighted mean cross entropy, in nats per outcome. */
export function meanLoss(head: MfHead, rows: TrainingRows): number {
  const block = 256;
  let loss = 0;
  let total = 0;
  for (let start = 0; start < rows.count; start += block) {
    const n = Math.min(block, rows.count - start);
    const x = rows.x.subarray(start * head.inputs, (start + n) * head.inputs);
    const f = latentFactors(head, x, n);
    for (let i = 0; i < n; i++) {
      const weight = rows.weights[start + i]!;
      for (let o = rows.starts[start + i]!; o < rows.starts[start + i + 1]!; o++) {
        const p = expectedQuality(head, rows.models[o]!, f, i * head.rank);
        loss += weight * crossEntropy(rows.qualities[o]!, p);
        total += weight;
      }
    }
  }
  return loss / total;
}

function crossEntropy(y: number, p: number): number {
  const tiny = 1e-12;
  return -y * Math.log(p + tiny) - (1 - y) * Math.log(1 - p + tiny);
}
