import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { toHalves } from '../math/half.ts';
import type { LexicalTable } from './prompt-features-lexical.ts';
import { markCount } from './prompt-features-marks.ts';
import type { FamiliaritySettings } from './familiarity.ts';
import { latentCount } from './matrix-factorization.ts';
import type { CautionSettings, FactorSettings, OpennessSettings } from './prompt-factors.ts';
import { featureCount, featureGroups } from './prompt-features.ts';
import { weightsMetadataSchema, type WeightsMetadata } from './router-weights-metadata.ts';
import { readMetadata } from './safetensors-metadata.ts';
import {
  floatsOf,
  parseSafetensors,
  tensorOf,
  writeSafetensors,
  type Tensor,
  type TensorFile,
} from './safetensors.ts';

/** All that a trained router is, as `npm run train` writes it. */
export interface RouterWeights extends FactorSettings {
  readonly metadata: WeightsMetadata;
  /** Mean expected quality of each model on the training mix. */
  readonly meanQuality: Float32Array;
  /** Factors of reference traffic [trafficPrompts x rank]; every row weighs the same. */
  readonly trafficFactors: Float64Array;
}

/** The same, with the identity of the bytes that it was read from. */
export interface LoadedWeights extends RouterWeights {
  readonly file: string;
  /** First 12 hex digits of the file's SHA-256. */
  readonly hash: string;
}

/** @throws ConfigError that names the file, and the tensor with the shape it should have */
export function loadRouterWeights(file: string): LoadedWeights {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ConfigError(
      `router weights ${file} cannot be read (${(cause as Error).message}); ` +
        'name one that exists with --weights FILE (weights in the file), or train one with ' +
        '`npm run train -- --data OUTCOMES --out FILE`',
      { cause },
    );
  }
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return { ...parseRouterWeights(bytes, file), file, hash };
}

export function parseRouterWeights(bytes: Uint8Array, file: string): RouterWeights {
  const tensors = parseSafetensors(bytes, file);
  const metadata = readMetadata(tensors, 'pointsman', weightsMetadataSchema, file);
  const { embedder, rank: latent, hidden, models, topics } = metadata;
  const rank = latent + topics.length;
  const { lexicalDimensions, surface } = metadata.features;
  const inputs = featureCount(featureGroups(embedder.dimensions, lexicalDimensions, surface));
  const floats = (name: string, ...shape: number[]) => floatsOf(tensors, name, shape, file);
  const doubles = (name: string, ...shape: number[]) => Float64Array.from(floats(name, ...shape));
  return {
    metadata,
    features: {
      sentence: embedder.dimensions,
      lexical: readLexical(tensors, metadata, file),
      surface,
      mean: floats('features.mean', inputs),
      scale: floats('features.scale', inputs),
    },
    head: {
      inputs,
      hidden,
      rank,
      linear: doubles('head.linear', latent, inputs),
      hiddenWeights: doubles('head.hidden_weights', hidden, inputs),
      hiddenBias: doubles('head.hidden_bias', hidden),
      output: doubles('head.output', latent, hidden),
      models: doubles('head.models', models.length, rank),
      modelBias: doubles('head.model_bias', models.length),
      topics:
        topics.length === 0
          ? null
          : {
              names: topics,
              ofForm: topics.map((name) => metadata.topicsOfForm.includes(name)),
              weights: doubles('topics.weights', topics.length, inputs),
              bias: doubles('topics.bias', topics.length),
            },
    },
    caution: readCaution(tensors, latent, file),
    openness: readOpenness(tensors, inputs, file),
    familiarity: readFamiliarity(tensors, metadata, file),
    meanQuality: floats('models.mean_quality', models.length),
    trafficFactors: doubles('traffic.factors', metadata.trafficPrompts, rank),
  };
}

/** The file's bytes. What is read back is rounded: halves for matrices, int8 for the n-gram table. */
export function writeRouterWeights(weights: RouterWeights): Uint8Array {
  const { metadata, features, head, caution, openness, familiarity } = weights;
  const { meanQuality, trafficFactors } = weights;
  const { inputs, hidden, rank, topics } = head;
  const latent = latentCount(head);
  const models = metadata.models.length;
  const tensors = new Map<string, Tensor>(writeLexical(features.lexical));
  const single = (name: string, values: ArrayLike<number>, ...shape: number[]): void => {
    tensors.set(name, { dtype: 'F32', shape, data: Float32Array.from(values) });
  };
  const half = (name: string, values: ArrayLike<number>, ...shape: number[]): void => {
    tensors.set(name, { dtype: 'F16', shape, data: toHalves(Float32Array.from(values)) });
  };
  single('features.mean', features.mean, inputs);
  single('features.scale', features.scale, inputs);
  half('head.linear', head.linear, latent, inputs);
  half('head.hidden_weights', head.hiddenWeights, hidden, inputs);
  single('head.hidden_bias', head.hiddenBias, hidden);
  half('head.output', head.output, latent, hidden);
  half('head.models', head.models, models, rank);
  single('head.model_bias', head.modelBias, models);
  if (topics) {
    half('topics.weights', topics.weights, topics.names.length, inputs);
    single('topics.bias', topics.bias, topics.names.length);
  }
  if (caution) {
    single('caution.mean', caution.mean, markCount);
    single('caution.scale', caution.scale, markCount);
    half('caution.linear', caution.linear, latent, markCount);
    single('caution.bias', caution.bias, latent);
    single('caution.easy', caution.easy, latent);
  }
  if (openness) {
    single('openness.weights', openness.weights, inputs);
    single('openness.bias', [openness.bias], 1);
  }
  if (familiarity) {
    const { landmarks, slope, bias, centre } = familiarity;
    const width = features.lexical.dimensions;
    // Numbers of vectors of length 1.
    const data = Int8Array.from(landmarks, (value) => Math.round(value * landmarkScale));
    const shape = [landmarks.length / width, width];
    tensors.set('familiarity.landmarks', { dtype: 'I8', shape, data });
    single('familiarity.line', [slope, bias], 2);
    single('familiarity.centre', centre, latent);
  }
  single('models.mean_quality', meanQuality, models);
  half('traffic.factors', trafficFactors, metadata.trafficPrompts, rank);
  return writeSafetensors({ metadata: { pointsman: JSON.stringify(metadata) }, tensors });
}

function readCaution(tensors: TensorFile, rank: number, file: string): CautionSettings | null {
  if (!tensors.tensors.has('caution.linear')) return null;
  const floats = (name: string, ...shape: number[]) => floatsOf(tensors, name, shape, file);
  return {
    mean: floats('caution.mean', markCount),
    scale: floats('caution.scale', markCount),
    linear: Float64Array.from(floats('caution.linear', rank, markCount)),
    bias: Float64Array.from(floats('caution.bias', rank)),
    easy: Float64Array.from(floats('caution.easy', rank)),
  };
}

function readOpenness(tensors: TensorFile, inputs: number, file: string): OpennessSettings | null {
  if (!tensors.tensors.has('openness.weights')) return null;
  return {
    weights: Float64Array.from(floatsOf(tensors, 'openness.weights', [inputs], file)),
    bias: floatsOf(tensors, 'openness.bias', [1], file)[0]!,
  };
}

const landmarkScale = 127;

function readFamiliarity(
  tensors: TensorFile,
  { features, rank }: WeightsMetadata,
  file: string,
): FamiliaritySettings | null {
  const found = tensors.tensors.get('familiarity.landmarks');
  if (!found) return null;
  const shape = [found.shape[0] ?? 0, features.lexicalDimensions];
  const small = signedBytesOf(tensors, 'familiarity.landmarks', shape, file);
  const [slope, bias] = floatsOf(tensors, 'familiarity.line', [2], file);
  return {
    landmarks: Float64Array.from(small, (value) => value / landmarkScale),
    slope: slope!,
    bias: bias!,
    centre: Float64Array.from(floatsOf(tensors, 'familiarity.centre', [rank], file)),
  };
}

function writeLexical({ dimensions, rows, idf, table }: LexicalTable): [string, Tensor][] {
  const scale = new Float32Array(dimensions);
  for (let i = 0; i < table.length; i++) {
    scale[i % dimensions] = Math.max(scale[i % dimensions]!, Math.abs(table[i]!) / 127);
  }
  const data = Int8Array.from(table, (value, i) =>
    Math.round(value / (scale[i % dimensions]! || 1)),
  );
  return [
    ['lexical.hashes', { dtype: 'U32', shape: [rows.size], data: Uint32Array.from(rows.keys()) }],
    ['lexical.idf', { dtype: 'F32', shape: [rows.size], data: idf }],
    ['lexical.scale', { dtype: 'F32', shape: [dimensions], data: scale }],
    ['lexical.table', { dtype: 'I8', shape: [rows.size, dimensions], data }],
  ];
}

function readLexical(tensors: TensorFile, metadata: WeightsMetadata, file: string): LexicalTable {
  const { lexicalRows, lexicalDimensions: dimensions } = metadata.features;
  const hashes = tensorOf(tensors, 'lexical.hashes', [lexicalRows], file).data;
  const scale = floatsOf(tensors, 'lexical.scale', [dimensions], file);
  const small = signedBytesOf(tensors, 'lexical.table', [lexicalRows, dimensions], file);
  return {
    dimensions,
    rows: new Map(Array.from(hashes, (hash, row) => [hash, row])),
    idf: floatsOf(tensors, 'lexical.idf', [lexicalRows], file),
    table: Float32Array.from(small, (value, i) => value * scale[i % dimensions]!),
  };
}

function signedBytesOf(
  tensors: TensorFile,
  name: string,
  shape: readonly number[],
  file: string,
): ArrayLike<number> {
  const { dtype, data } = tensorOf(tensors, name, shape, file);
  if (dtype !== 'I8') throw new ConfigError(`${file}: tensor ${name} is not I8`);
  return data;
}
