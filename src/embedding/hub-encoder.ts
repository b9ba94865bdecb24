import { basename } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Embedder } from './embedder.ts';
import { startEncoderPool } from './encoder-pool.ts';
import { forkEncoder } from './fork-encoder.ts';
import type { EncoderSource } from './encoder-protocol.ts';
import { isModelFolder } from './model-folder.ts';
import { defaultCallTimeoutMs, defaultProcessCount } from './process-defaults.ts';

export interface HubEncoderOptions {
  /** Name on the hub, such as Xenova/all-MiniLM-L6-v2, or a folder (`/...` or `./...`). */
  readonly model: string;
  /** Where downloaded models lie; by default inside the package @xenova/transformers. */
  readonly cacheFolder?: string;
  /** Where models are downloaded from; by default https://huggingface.co/. */
  readonly hubUrl?: string;
  readonly processes?: number;
  /** Of one call, in milliseconds; 0 waits for ever. Default 10,000. */
  readonly timeoutMs?: number;
}

function howToFix(model: string): string {
  return isModelFolder(model)
    ? 'The folder must hold config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx ' +
        'or onnx/model_quantized.onnx.'
    : 'Without a way to the hub, fetch the model beforehand on a machine that has one, for example ' +
        `\`huggingface-cli download ${model} --local-dir ./${basename(model)}\`, ` +
        `copy the folder here and name it: --embedder hub:./${basename(model)}.`;
}

/**
 * A feature-extraction model of transformers.js in processes of its own, loaded and warm.
 * @throws ConfigError when the model cannot be loaded; says how to fetch it
 */
export async function createHubEncoder(options: HubEncoderOptions): Promise<Embedder> {
  const { model, cacheFolder = null, hubUrl = null } = options;
  const source: EncoderSource = { kind: 'hub', model, cacheFolder, hubUrl };
  try {
    const pool = await startEncoderPool({
      spawn: () => forkEncoder(source),
      processes: options.processes ?? defaultProcessCount(),
      timeoutMs: options.timeoutMs ?? defaultCallTimeoutMs,
    });
    const name = isModelFolder(model) ? basename(model) : model;
    return { id: `hub:${name}`, ...pool };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = `cannot load the embedder hub:${model}: ${reason.replace(/[.\s]+$/, '')}.`;
    throw new ConfigError(`${failure} ${howToFix(model)}`, { cause: error });
  }
}
