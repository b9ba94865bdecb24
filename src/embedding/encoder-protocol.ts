import type { Embedding } from './embedder.ts';
import type { EncoderManifest } from './encoder-manifest.ts';

/** What a worker loads: the shipped encoder from its folder, or a transformers.js model. */
export type EncoderSource =
  | { readonly kind: 'local'; readonly folder: string; readonly manifest: EncoderManifest }
  | {
      readonly kind: 'hub';
      readonly model: string;
      /** Where downloaded models lie; null: the default of transformers.js. */
      readonly cacheFolder: string | null;
    };

export interface EncodeRequest {
  readonly id: number;
  readonly text: string;
}

/** From the worker: once `ready` or `broken`, then one `done` or `failed` a request, in order. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly dimensions: number }
  | { readonly type: 'broken'; readonly message: string }
  | { readonly type: 'done'; readonly id: number; readonly embedding: Embedding }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
