import { readFileSync } from 'node:fs';
import { fromHalves } from '../../src/math/half.ts';

export interface Weight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [begin: number, end: number];
}

/**
 * Reads the tensors of half precision in a safetensors file; others are left out. The router's own
 * reader (src/routing/safetensors.ts) refuses this file for its places as int64, which no weights
 * of ours hold.
 * Source: https://github.com/huggingface/safetensors, README.md, "Format".
 */
export function readHalfWeights(file: string): Map<string, Weight> {
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, start)) as Record<string, Entry>;
  const weights = new Map<string, Weight>();
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (dtype !== 'F16') continue;
    const [begin, end] = offsets;
    const halves = Uint16Array.from({ length: (end - begin) / 2 }, (_, i) =>
      bytes.readUInt16LE(start + begin + 2 * i),
    );
    weights.set(name, { shape, values: fromHalves(halves) });
  }
  return weights;
}
