import type { Embedding } from './embedder.ts';
import type { EncoderManifest } from './encoder-manifest.ts';

/**
 * What an encoder process loads: the shipped encoder from its folder, or a model of transformers.js,
 * for sentence vectors or, a classifier, for the logits of its labels.
 */
export type EncoderSource = LocalSource | HubSource | ClassifierSource;

export interface LocalSource {
  readonly kind: 'local';
  readonly folder: string;
  readonly manifest: EncoderManifest;
}

export interface HubSource extends HubPlace {
  readonly kind: 'hub';
}

export interface ClassifierSource extends HubPlace {
  readonly kind: 'classifier';
}

export interface HubPlace {
  /** Name on the hub, or a folder. */
  readonly model: string;
  /** Where downloaded models lie; null: the default of transformers.js. */
  readonly cacheFolder: string | null;
  /** Where models are downloaded from; null: the default of transformers.js. */
  readonly hubUrl: string | null;
}

export interface EncodeRequest {
  readonly id: number;
  readonly text: string;
}

/** From the process: once `ready` or `broken`, then one `done` or `failed` a request, in order. */
export type ProcessMessage =
  | { readonly type: 'ready'; readonly dimensions: number }
  | { readonly type: 'broken'; readonly message: string }
  | { readonly type: 'done'; readonly id: number; readonly embedding: Embedding }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
