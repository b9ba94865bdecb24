// The file of known prompts behind the routers knn and sw_ranking: sentence vectors and outcomes of
// a sample of prompts, no text. A safetensors file with `__metadata__.neighbours` (JSON) and
//   prompts.vectors  I8  [prompts, dimensions]   each row times its own factor: only directions count
//   outcomes.starts  U32 [prompts + 1]           outcomes of prompt i: starts[i] .. starts[i + 1]
//   outcomes.models  U8  [outcomes]              row of metadata.models
//   outcomes.scores  U8  [outcomes]              score 0..1 times 255
//   traffic.vectors  I8  [traffic, dimensions]   reference traffic for default thresholds
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { readMetadata } from './safetensors-metadata.ts';
import {
  parseSafetensors,
  tensorOf,
  writeSafetensors,
  type Dtype,
  type Tensor,
} from './safetensors.ts';

const metadataSchema = z.strictObject({
  formatVersion: z.literal(1),
  embedder: z.strictObject({ id: z.string().min(1), dimensions: z.int().positive() }),
  models: z.array(z.string().min(1)).min(2).max(256),
  /** Name of each prompt in its source, such as mmlu/anatomy-12. */
  ids: z.array(z.string()).min(1),
  traffic: z.int().positive(),
  outcomes: z.int().positive(),
  dataSha256: z.string(),
  licences: z.array(z.string()),
});

export type NeighboursMetadata = z.infer<typeof metadataSchema>;

export interface Neighbours {
  readonly metadata: NeighboursMetadata;
  /** Unit vectors [prompts x dimensions]. */
  readonly vectors: Float32Array;
  readonly starts: Uint32Array;
  readonly models: Uint8Array;
  /** 0..1. */
  readonly scores: Float32Array;
  /** Unit vectors [traffic x dimensions]; every one weighs the same. */
  readonly traffic: Float32Array;
}

export interface LoadedNeighbours extends Neighbours {
  readonly file: string;
  /** First 12 hex digits of the file's SHA-256. */
  readonly hash: string;
}

/** @throws ConfigError that names the file and what is wrong with it */
export function loadNeighbours(file: string): LoadedNeighbours {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ConfigError(
      `the known prompts ${file} cannot be read (${(cause as Error).message}); it ` +
        'ships with pointsman: install it again, or build it with `npx tsx scripts/build-neighbours.ts`',
      { cause },
    );
  }
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { ...parseNeighbours(bytes, file), file, hash };
}

export function parseNeighbours(bytes: Uint8Array, file: string): Neighbours {
  const tensors = parseSafetensors(bytes, file);
  const metadata = readMetadata(tensors, 'neighbours', metadataSchema, file);
  const { dimensions } = metadata.embedder;
  const prompts = metadata.ids.length;
  const data = (name: string, dtype: Dtype, ...shape: number[]) => {
    const tensor = tensorOf(tensors, name, shape, file);
    if (tensor.dtype === dtype) return tensor.data;
    throw new ConfigError(`${file}: tensor ${name} is ${tensor.dtype}, ${dtype} expected`);
  };
  const starts = Uint32Array.from(data('outcomes.starts', 'U32', prompts + 1));
  const models = Uint8Array.from(data('outcomes.models', 'U8', metadata.outcomes));
  const isOrdered = starts.every((start, i) => start <= (starts[i + 1] ?? metadata.outcomes));
  if (!isOrdered || starts[0] !== 0 || starts.at(-1) !== metadata.outcomes) {
    throw new ConfigError(`${file}: outcomes.starts does not rise from 0 to ${metadata.outcomes}`);
  }
  if (models.some((model) => model >= metadata.models.length)) {
    throw new ConfigError(`${file}: outcomes.models names a model that is not in the list`);
  }
  const scores = data('outcomes.scores', 'U8', metadata.outcomes);
  return {
    metadata,
    vectors: unitRows(data('prompts.vectors', 'I8', prompts, dimensions), dimensions),
    starts,
    models,
    scores: Float32Array.from(scores, (value) => value / 255),
    traffic: unitRows(data('traffic.vectors', 'I8', metadata.traffic, dimensions), dimensions),
  };
}

/** The file's bytes; vectors are rounded to 8 bits, scores to 255ths. */
export function writeNeighbours(neighbours: Neighbours): Uint8Array {
  const { metadata, vectors, starts, models, scores, traffic } = neighbours;
  const { dimensions } = metadata.embedder;
  const rows = (values: Float32Array): Tensor => ({
    dtype: 'I8',
    shape: [values.length / dimensions, dimensions],
    data: roundRows(values, dimensions),
  });
  return writeSafetensors({
    metadata: { neighbours: JSON.stringify(metadata) },
    tensors: new Map<string, Tensor>([
      ['outcomes.starts', { dtype: 'U32', shape: [starts.length], data: starts }],
      ['prompts.vectors', rows(vectors)],
      ['traffic.vectors', rows(traffic)],
      ['outcomes.models', { dtype: 'U8', shape: [models.length], data: models }],
      [
        'outcomes.scores',
        {
          dtype: 'U8',
          shape: [scores.length],
          data: Uint8Array.from(scores, (score) => Math.round(score * 255)),
        },
      ],
    ]),
  });
}

/** Cosines of `vector` with every row of `rows` [n x its length]; what is not a number counts as 0. */
export function cosines(rows: Float32Array, vector: Float32Array): Float64Array {
  const k = vector.length;
  let square = 0;
  for (let t = 0; t < k; t++) square += vector[t]! * vector[t]!;
  const scale = 1 / Math.sqrt(square);
  const result = new Float64Array(rows.length / k);
  if (!Number.isFinite(scale)) return result;
  for (let i = 0; i < result.length; i++) {
    const start = i * k;
    // Four sums, so that additions need not wait for each other.
    let [a, b, c, d] = [0, 0, 0, 0];
    let t = 0;
    for (; t + 3 < k; t += 4) {
      a += rows[start + t]! * vector[t]!;
      b += rows[start + t + 1]! * vector[t + 1]!;
      c += rows[start + t + 2]! * vector[t + 2]!;
      d += rows[start + t + 3]! * vector[t + 3]!;
    }
    for (; t < k; t++) a += rows[start + t]! * vector[t]!;
    result[i] = (a + b + c + d) * scale;
  }
  return result;
}

function unitRows(values: ArrayLike<number>, width: number): Float32Array {
  const rows = Float32Array.from(values);
  for (let start = 0; start < rows.length; start += width) {
    let square = 0;
    for (let t = 0; t < width; t++) square += rows[start + t]! ** 2;
    const scale = 1 / (Math.sqrt(square) || 1);
    for (let t = 0; t < width; t++) rows[start + t]! *= scale;
  }
  return rows;
}

function roundRows(values: Float32Array, width: number): Int8Array {
  const rounded = new Int8Array(values.length);
  for (let start = 0; start < values.length; start += width) {
    let largest = 0;
    for (let t = 0; t < width; t++) largest = Math.max(largest, Math.abs(values[start + t]!));
    const scale = 127 / (largest || 1);
    for (let t = 0; t < width; t++) rounded[start + t] = Math.round(values[start + t]! * scale);
  }
  return rounded;
}
