import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Manifest {
  weightsManifest: {
    paths: string[];
    weights: { name: string; dtype: string; shape: number[]; quantization?: unknown }[];
  }[];
}

/**
 * Reads the float weights of a TensorFlow.js graph model: the shards are one byte stream, in
 * which the tensors of the manifest follow each other without gaps, 4 bytes a value.
 * Source: https://github.com/tensorflow/tfjs, tfjs-core/src/io/io_utils.ts, decodeWeights.
 */
export function readTfjsWeights(folder: string): Map<string, Weight> {
  const manifest = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as Manifest;
  const weights = new Map<string, Weight>();
  for (const group of manifest.weightsManifest) {
    const bytes = Buffer.concat(group.paths.map((path) => readFileSync(join(folder, path))));
    let offset = 0;
    for (const { name, dtype, shape, quantization } of group.weights) {
      if (quantization) throw new Error(`weight ${name} is quantized; only plain ones are read`);
      const length = shape.reduce((product, size) => product * size, 1);
      if (dtype === 'float32') {
        const values = Float32Array.from({ length }, (_, i) => bytes.readFloatLE(offset + 4 * i));
        weights.set(name, { shape, values });
      }
      offset += 4 * length;
    }
    if (offset !== bytes.length) {
      throw new Error(`weights end at byte ${offset}, but the shards hold ${bytes.length}`);
    }
  }
  return weights;
}
