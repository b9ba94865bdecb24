import { withoutCredentials } from '../base-url.ts';
import { ConfigError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import type { Embedder } from './embedder.ts';
import { createEndpointEncoder } from './endpoint-encoder.ts';
import { createFastEncoder } from './fast-encoder.ts';
import { createHubEncoder } from './hub-encoder.ts';
import { createLocalEncoder } from './local-encoder.ts';

export type EmbedderSettings =
  | {
      readonly kind: 'local';
      /** Folder with an encoder.json; by default the shipped one. */
      readonly folder?: string;
    }
  | { readonly kind: 'fast' }
  | { readonly kind: 'hub'; readonly model: string }
  | {
      readonly kind: 'endpoint';
      readonly baseUrl: string;
      readonly model: string;
      readonly apiKey?: Secret;
      readonly dimensions?: number;
      readonly timeoutMs: number;
    };

/** What `--embedder` says; the address of an endpoint comes from flags of its own. */
export type EmbedderFlag =
  | { readonly kind: 'local' }
  | { readonly kind: 'fast' }
  | { readonly kind: 'hub'; readonly model: string }
  | { readonly kind: 'endpoint' };

const choices =
  'local (the shipped encoder), fast (none: wording and marks alone), hub:NAME (a ' +
  'transformers.js model, such as hub:Xenova/all-MiniLM-L6-v2), hub:./FOLDER, or endpoint (an OpenAI-compatible /v1/embeddings)';

/** @throws ConfigError that lists the choices */
export function parseEmbedderFlag(value: string): EmbedderFlag {
  if (value === 'local' || value === 'fast' || value === 'endpoint') return { kind: value };
  const model = /^hub:(\S.*)$/.exec(value)?.[1];
  if (model !== undefined) return { kind: 'hub', model };
  throw new ConfigError(`--embedder is "${value}"; choose ${choices}`);
}

/**
 * Loads the embedder of the settings, ready to use.
 * @param log told in one line what was loaded, and how long that took
 * @throws ConfigError when a model cannot be loaded or an endpoint does not answer
 */
export async function createEmbedder(
  settings: EmbedderSettings,
  log: (message: string) => void = () => {},
): Promise<Embedder> {
  const startedMs = performance.now();
  const embedder = await open(settings);
  const tookMs = Math.round(performance.now() - startedMs);
  log(`embedder ${embedder.id} with ${embedder.dimensions} dimensions ready after ${tookMs} ms`);
  return { ...embedder, flags: flagsOf(settings) };
}

/** The key's variable is not known here, only that there is one. */
function flagsOf(settings: EmbedderSettings): string {
  switch (settings.kind) {
    case 'local':
    case 'fast':
      return `--embedder ${settings.kind}`;
    case 'hub':
      return `--embedder ${quoted(`hub:${settings.model}`)}`;
    case 'endpoint':
      return (
        `--embedder endpoint --embedding-base-url ${quoted(withoutCredentials(settings.baseUrl))} ` +
        `--embedding-model ${quoted(settings.model)}` +
        (settings.apiKey === undefined ? '' : ' --embedding-api-key-env NAME')
      );
  }
}

/** For a POSIX shell, where that is needed. */
function quoted(value: string): string {
  return /^[\w./:@%+=-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}

function open(settings: EmbedderSettings): Promise<Embedder> {
  switch (settings.kind) {
    case 'local':
      return createLocalEncoder(settings);
    case 'fast':
      return Promise.resolve(createFastEncoder());
    case 'hub':
      return createHubEncoder(settings);
    case 'endpoint':
      return createEndpointEncoder(settings);
  }
}
