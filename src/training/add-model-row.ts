import { ConfigError } from '../errors.ts';
import { toHalves } from '../math/half.ts';
import { logOdds, mean, sigmoid } from '../math/vector.ts';
import { addedModelsKey, parseAddedModels, type AddedModel } from '../routing/added-models.ts';
import { expectedQuality, type MfHead } from '../routing/matrix-factorization.ts';
import { parseRouterWeights, type RouterWeights } from '../routing/router-weights.ts';
import {
  floatsOf,
  parseSafetensors,
  tensorOf,
  writeSafetensors,
  type Tensor,
  type TensorFile,
} from '../routing/safetensors.ts';
import type { PlacedModel } from './place-model.ts';

/**
 * The bytes of a weights file with one more model, its id in lower case, all else as it was. A model that was added before
 * gets its new row.
 * @throws ConfigError when it is one of the trained models
 */
export function addModelRow(
  bytes: Uint8Array,
  file: string,
  model: AddedModel,
  placed: PlacedModel,
): Uint8Array {
  const weights = parseRouterWeights(bytes, file);
  const tensors = parseSafetensors(bytes, file);
  const added = parseAddedModels(tensors.metadata, file);
  const { models } = weights.metadata;
  const isAdded = added.some(({ id }) => id === model.id);
  const trained = models.find((id) => id.toLowerCase() === model.id);
  if (trained !== undefined && !isAdded) {
    throw new ConfigError(`${trained} is a trained model of ${file} already; give it another name`);
  }
  const known = models.indexOf(model.id);
  const row = known >= 0 ? known : models.length;
  const ids = known >= 0 ? models : [...models, model.id];
  const put = (name: string, width: number, values: ArrayLike<number>): [string, Tensor] => [
    name,
    withRow(tensors, name, models.length, width, row, values, file),
  ];
  const result = writeSafetensors({
    metadata: {
      ...tensors.metadata,
      pointsman: JSON.stringify({ ...weights.metadata, models: ids }),
      [addedModelsKey]: JSON.stringify([...added.filter(({ id }) => id !== model.id), model]),
    },
    tensors: new Map([
      ...tensors.tensors,
      put('head.models', weights.head.rank, placed.factors),
      put('head.model_bias', 1, [placed.bias]),
      put('models.mean_quality', 1, [meanQuality(weights, placed)]),
    ]),
  });
  // What was written must load: a file of a later format may hold more that goes by model.
  parseRouterWeights(result, file);
  return result;
}

/** A tensor [count x width], or [count] for width 1, with `values` as row `row`, new or not. */
function withRow(
  tensors: TensorFile,
  name: string,
  count: number,
  width: number,
  row: number,
  values: ArrayLike<number>,
  file: string,
): Tensor {
  const shape = tensors.tensors.get(name)?.shape.length === 1 ? [count] : [count, width];
  const { dtype } = tensorOf(tensors, name, shape, file);
  const old = floatsOf(tensors, name, shape, file);
  const rows = new Float32Array(Math.max(count, row + 1) * width);
  rows.set(old);
  rows.set(Array.from(values), row * width);
  const [, ...rest] = shape;
  return {
    dtype,
    shape: [rows.length / width, ...rest],
    data: dtype === 'F16' ? toHalves(rows) : rows,
  };
}

/**
 * Mean quality on the training mix, which is not in the file: from the mean on the reference traffic,
 * by the line that joins the two for the trained models, in log odds.
 */
function meanQuality(weights: RouterWeights, placed: PlacedModel): number {
  const { head, trafficFactors } = weights;
  const onTraffic = (one: MfHead, row: number): number => {
    const count = trafficFactors.length / head.rank;
    let sum = 0;
    for (let i = 0; i < count; i++) sum += expectedQuality(one, row, trafficFactors, i * head.rank);
    return logOdds(sum / count);
  };
  const x = Array.from(head.modelBias, (_, row) => onTraffic(head, row));
  const y = Array.from(weights.meanQuality, (quality) => logOdds(quality));
  const own = { ...head, models: placed.factors, modelBias: Float64Array.of(placed.bias) };
  const [meanX, meanY] = [mean(x), mean(y)];
  let [covariance, variance] = [0, 1e-9];
  for (const [i, value] of x.entries()) {
    covariance += (value - meanX) * (y[i]! - meanY);
    variance += (value - meanX) ** 2;
  }
  return sigmoid(meanY + (covariance / variance) * (onTraffic(own, 0) - meanX));
}
