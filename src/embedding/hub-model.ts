import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { env, pipeline, type FeatureExtractionPipeline } from '@xenova/transformers';
import { keepHeadAndTail } from './bounded-text.ts';
import { isModelFolder } from './model-folder.ts';
import type { EncodeText } from './use-lite-encoder.ts';

/** More than the 512 tokens that most models read; bounds the cost of tokenizing. */
const maxCharacters = 20_000;

async function openPipeline(
  model: string,
  cacheFolder: string | null,
): Promise<FeatureExtractionPipeline> {
  if (cacheFolder !== null) env.cacheDir = cacheFolder;
  if (!isModelFolder(model)) return await pipeline('feature-extraction', model);
  const folder = resolve(model);
  env.allowRemoteModels = false;
  env.localModelPath = dirname(folder);
  const quantized = existsSync(join(folder, 'onnx', 'model_quantized.onnx'));
  return await pipeline('feature-extraction', basename(folder), { quantized });
}

/**
 * Any feature-extraction model of transformers.js, mean of the tokens, unit length. A text longer
 * than the model reads is cut by its tokenizer.
 */
export async function loadHubEncoder(
  model: string,
  cacheFolder: string | null,
): Promise<EncodeText> {
  const extract = await openPipeline(model, cacheFolder);
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
