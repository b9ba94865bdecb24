// An imported RouteLLM checkpoint: a safetensors file whose `__metadata__.pointsman` (JSON) says kind
// "routellm-mf". For one pair (metadata.pair) it holds
//   direction  F32 [1536]
// for all pairs (pair null)
//   models F32 [64, 128], projection F32 [128, 1536], classifier F32 [128]
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import {
  routellmDirection,
  routellmEmbedding,
  routellmModelCount,
  routellmRank,
  type RoutellmMf,
} from './routellm-mf.ts';
import { routellmModels } from './routellm-models.ts';
import { readMetadata } from './safetensors-metadata.ts';
import {
  floatsOf,
  parseSafetensors,
  writeSafetensors,
  type Tensor,
  type TensorFile,
} from './safetensors.ts';

export const routellmKind = 'routellm-mf';

const metadataSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.literal(routellmKind),
  embedder: z.strictObject({
    model: z.literal(routellmEmbedding.model),
    dimensions: z.literal(routellmEmbedding.dimensions),
  }),
  /** Ids of the pair; null: the file holds all models. */
  pair: z.strictObject({ strong: z.enum(routellmModels), weak: z.enum(routellmModels) }).nullable(),
  /** SHA-256 of the checkpoint that it was made from. */
  checkpointSha256: z.string(),
});

export interface RoutellmWeights {
  readonly pair: { readonly strong: string; readonly weak: string } | null;
  /** First 12 hex digits of the file's SHA-256. */
  readonly hash: string;
  /** u of a pair of ids; of the file's own pair where it holds only one. */
  direction(strong: number, weak: number): Float64Array;
}

/** @throws ConfigError naming the tensor that is missing or has another shape or dtype */
export function parseRoutellmCheckpoint(bytes: Uint8Array, file: string): RoutellmMf {
  const tensors = parseSafetensors(bytes, file);
  // The published files and the training script spell two names differently; Q.weight is not used.
  const spelled = (published: string, trained: string): string =>
    !tensors.tensors.has(published) && tensors.tensors.has(trained) ? trained : published;
  const { dimensions } = routellmEmbedding;
  return {
    models: singles(tensors, 'P.weight', [routellmModelCount, routellmRank], file),
    projection: singles(
      tensors,
      spelled('text_proj.0.weight', 'text_proj.weight'),
      [routellmRank, dimensions],
      file,
    ),
    classifier: singles(
      tensors,
      spelled('classifier.0.weight', 'classifier.weight'),
      [1, routellmRank],
      file,
    ),
  };
}

/** `pair`: collapsed to it; null: all models are kept. */
export function writeRoutellmWeights(
  checkpoint: RoutellmMf,
  pair: { readonly strong: string; readonly weak: string } | null,
  checkpointSha256: string,
): Uint8Array {
  const { dimensions } = routellmEmbedding;
  const single = (data: Float32Array, ...shape: number[]): Tensor => ({
    dtype: 'F32',
    shape,
    data,
  });
  const tensors: [string, Tensor][] =
    pair === null
      ? [
          ['models', single(checkpoint.models, routellmModelCount, routellmRank)],
          ['projection', single(checkpoint.projection, routellmRank, dimensions)],
          ['classifier', single(checkpoint.classifier, routellmRank)],
        ]
      : [['direction', single(Float32Array.from(directionOf(checkpoint, pair)), dimensions)]];
  const metadata: z.infer<typeof metadataSchema> = {
    formatVersion: 1,
    kind: routellmKind,
    embedder: { ...routellmEmbedding },
    pair: pair === null ? null : { ...pair },
    checkpointSha256,
  };
  return writeSafetensors({
    metadata: { pointsman: JSON.stringify(metadata) },
    tensors: new Map(tensors),
  });
}

export function loadRoutellmWeights(file: string): RoutellmWeights {
  const bytes = readFileSync(file);
  const tensors = parseSafetensors(bytes, file);
  const { pair } = readMetadata(tensors, 'pointsman', metadataSchema, file);
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  const { dimensions } = routellmEmbedding;
  if (pair !== null) {
    const u = Float64Array.from(singles(tensors, 'direction', [dimensions], file));
    return { pair, hash, direction: () => u };
  }
  const checkpoint: RoutellmMf = {
    models: singles(tensors, 'models', [routellmModelCount, routellmRank], file),
    projection: singles(tensors, 'projection', [routellmRank, dimensions], file),
    classifier: singles(tensors, 'classifier', [routellmRank], file),
  };
  return {
    pair,
    hash,
    direction: (strong, weak) => routellmDirection(checkpoint, strong, weak),
  };
}

function directionOf(
  checkpoint: RoutellmMf,
  pair: { readonly strong: string; readonly weak: string },
): Float64Array {
  const id = (name: string): number => routellmModels.indexOf(name);
  return routellmDirection(checkpoint, id(pair.strong), id(pair.weak));
}

/** The checkpoints are in single precision: halves would be another file. */
function singles(
  tensors: TensorFile,
  name: string,
  shape: readonly number[],
  file: string,
): Float32Array {
  const values = floatsOf(tensors, name, shape, file);
  const dtype = tensors.tensors.get(name)?.dtype;
  if (dtype === 'F32') return values;
  throw new ConfigError(`${file}: tensor ${name} is ${dtype}, F32 expected`);
}
