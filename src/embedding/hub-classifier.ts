import { basename } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Embedder } from './embedder.ts';
import { startEncoderPool } from './encoder-pool.ts';
import type { EncoderSource } from './encoder-protocol.ts';
import { forkEncoder } from './fork-encoder.ts';
import { isModelFolder } from './model-folder.ts';
import { defaultCallTimeoutMs, defaultProcessCount } from './process-defaults.ts';

export interface HubClassifierOptions {
  /** Folder (`/...` or `./...`) or name on the hub. */
  readonly model: string;
  /** As for a hub encoder. */
  readonly cacheFolder?: string;
  readonly hubUrl?: string;
  readonly processes?: number;
  /** Of one call, in milliseconds; 0 waits for ever. Default 10,000. */
  readonly timeoutMs?: number;
}

/**
 * A sequence classifier in processes of its own, loaded and warm. It has an embedder's shape: what it
 * gives for a text are the logits of its labels, and `dimensions` is their number.
 * @throws ConfigError when the model cannot be loaded
 */
export async function createHubClassifier(options: HubClassifierOptions): Promise<Embedder> {
  const { model, cacheFolder = null, hubUrl = null } = options;
  const source: EncoderSource = { kind: 'classifier', model, cacheFolder, hubUrl };
  try {
    const { dimensions, embed, close } = await startEncoderPool({
      spawn: () => forkEncoder(source),
      processes: options.processes ?? defaultProcessCount(),
      timeoutMs: options.timeoutMs ?? defaultCallTimeoutMs,
    });
    const name = isModelFolder(model) ? basename(model) : model;
    return { id: `classifier:${name}`, dimensions, embed, close };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fix = isModelFolder(model)
      ? 'The folder must hold config.json, tokenizer.json, tokenizer_config.json and ' +
        'onnx/model.onnx or onnx/model_quantized.onnx.'
      : 'Without a way to the hub, name a folder with the model as ONNX: bert.model: ./FOLDER.';
    throw new ConfigError(`cannot load the classifier ${model} (bert.model): ${reason} ${fix}`, {
      cause: error,
    });
  }
}
