import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { EmbeddingError } from '../errors.ts';
import type { Embedder, Embedding } from './embedder.ts';

export interface CachedEmbedder extends Embedder {
  /** A text that was computed before, or is being computed for another caller, is a hit. */
  counts(): { readonly hits: number; readonly misses: number };
}

/** A computation that several callers wait for; the last one that leaves aborts it. */
interface Shared {
  readonly promise: Promise<Embedding>;
  readonly controller: AbortController;
  waiting: number;
}

/** 5,000 vectors of 512 numbers are about 11 MB. */
const defaultMaxEntries = 5000;

/** The text itself is not kept. */
function keyOf(text: string): string {
  return hash('sha256', text, 'base64');
}

/** Resolves with `promise`, or rejects as soon as the signal aborts. */
function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new EmbeddingError('aborted', signal.reason));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/**
 * Keeps the vectors of the texts seen last. Concurrent requests for one text share one
 * computation; a failure is not kept; a caller that aborts leaves the others' computation alone.
 */
export function cacheEmbeddings(
  inner: Embedder,
  maxEntries: number = defaultMaxEntries,
): CachedEmbedder {
  const entries = new LRUCache<string, Embedding>({ max: maxEntries });
  const running = new Map<string, Shared>();
  let hits = 0;
  let misses = 0;

  function start(key: string, text: string): Shared {
    const controller = new AbortController();
    const promise = inner.embed([text], controller.signal).then(([embedding]) => {
      if (!embedding) throw new EmbeddingError('the embedder returned no vector');
      entries.set(key, embedding);
      return embedding;
    });
    const shared: Shared = { promise, controller, waiting: 0 };
    running.set(key, shared);
    const forget = (): void => {
      if (running.get(key) === shared) running.delete(key);
    };
    promise.then(forget, forget);
    return shared;
  }

  async function embedOne(text: string, signal?: AbortSignal): Promise<Embedding> {
    if (signal?.aborted) throw new EmbeddingError('aborted', signal.reason);
    const key = keyOf(text);
    const kept = entries.get(key);
    if (kept) {
      hits++;
      return kept;
    }
    const current = running.get(key);
    if (current) hits++;
    else misses++;
    const shared = current ?? start(key, text);
    shared.waiting++;
    try {
      return await untilAborted(shared.promise, signal);
    } finally {
      if (--shared.waiting === 0 && running.get(key) === shared) {
        running.delete(key);
        shared.controller.abort(signal?.reason);
      }
    }
  }

  return {
    id: inner.id,
    dimensions: inner.dimensions,
    ...(inner.flags !== undefined && { flags: inner.flags }),
    embed: (texts, signal) => Promise.all(texts.map((text) => embedOne(text, signal))),
    isReady: () => inner.isReady?.() ?? true,
    close: () => inner.close(),
    counts: () => ({ hits, misses }),
  };
}
