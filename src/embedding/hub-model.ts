import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { env, pipeline } from '@xenova/transformers';
import { keepHeadAndTail } from './bounded-text.ts';
import type { HubPlace, HubSource } from './encoder-protocol.ts';
import { isModelFolder } from './model-folder.ts';
import type { EncodeText } from './minilm-encoder.ts';

/** More than the 512 tokens that most models read; bounds the cost of tokenizing. */
const maxCharacters = 20_000;

/** The smaller file is preferred, as transformers.js does, unless only the full one is there. */
function isQuantized(folder: string): boolean {
  const has = (file: string): boolean => existsSync(join(folder, 'onnx', file));
  return has('model_quantized.onnx') || !has('model.onnx');
}

/** Tells transformers.js where to look, and gives the name to look for there. */
export function findHubModel({ model, cacheFolder, hubUrl }: HubPlace): {
  name: string;
  quantized: boolean;
} {
  if (cacheFolder !== null) env.cacheDir = cacheFolder;
  if (hubUrl !== null) env.remoteHost = hubUrl;
  if (!isModelFolder(model)) {
    return { name: model, quantized: isQuantized(join(env.cacheDir as string, model)) };
  }
  const folder = resolve(model);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  return { name: basename(folder), quantized: isQuantized(folder) };
}

/**
 * Any feature-extraction model of transformers.js, mean of the tokens, unit length. A text longer
 * than the model reads is cut by its tokenizer.
 */
export async function loadHubEncoder(source: HubSource): Promise<EncodeText> {
  const { name, quantized } = findHubModel(source);
  const extract = await pipeline('feature-extraction', name, { quantized });
  const { tokenizer } = extract;
  const unknownId = (tokenizer as { unk_token_id?: number }).unk_token_id;

  return async (text) => {
    const bounded = keepHeadAndTail(text, maxCharacters);
    const output = await extract(bounded, { pooling: 'mean', normalize: true });
    const ids = tokenizer.encode(bounded, null, { add_special_tokens: false });
    const unknown = ids.filter((id) => id === unknownId).length;
    return {
      vector: Float32Array.from(output.data as Float32Array),
      tokens: Math.round(ids.length * Math.max(1, text.length / maxCharacters)),
      unknownShare: ids.length > 0 ? unknown / ids.length : 0,
    };
  };
}
