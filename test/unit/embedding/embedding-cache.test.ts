import { expect, it, vi } from 'vitest';
import type { Embedder, Embedding } from '../../../src/embedding/embedder.ts';
import { cacheEmbeddings } from '../../../src/embedding/embedding-cache.ts';
import { EmbeddingError } from '../../../src/errors.ts';

interface Computation {
  text: string;
  signal: AbortSignal | undefined;
  succeed(): void;
  fail(): void;
}

/** An embedder whose computations the test ends by hand. */
function controlledEmbedder(): { embedder: Embedder; computations: Computation[] } {
  const computations: Computation[] = [];
  const embedder: Embedder = {
    id: 'fake',
    dimensions: 1,
    embed: ([text = ''], signal) =>
      new Promise<Embedding[]>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new EmbeddingError('aborted inside')));
        computations.push({
          text,
          signal,
          succeed: () =>
            resolve([{ vector: Float32Array.of(text.length), tokens: 1, unknownShare: 0 }]),
          fail: () => reject(new EmbeddingError('no luck')),
        });
      }),
    close: () => Promise.resolve(),
  };
  return { embedder, computations };
}

it('computes a text once and answers from memory after that', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder);
  const first = cache.embed(['a']);
  computations[0]!.succeed();
  const [embedding] = await first;
  expect((await cache.embed(['a']))[0]).toBe(embedding);
  expect(computations).toHaveLength(1);
  expect(cache.counts()).toEqual({ hits: 1, misses: 1 });
});

it('shares one computation among concurrent callers', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder);
  const calls = [cache.embed(['a']), cache.embed(['a', 'a'])];
  expect(computations).toHaveLength(1);
  computations[0]!.succeed();
  expect((await Promise.all(calls)).flat()).toHaveLength(3);
  expect(cache.counts()).toEqual({ hits: 2, misses: 1 });
});

it('lets the others have their vector when one caller aborts', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder);
  const controller = new AbortController();
  const leaving = cache.embed(['a'], controller.signal);
  const staying = cache.embed(['a']);
  controller.abort();
  await expect(leaving).rejects.toThrow(EmbeddingError);
  expect(computations[0]!.signal?.aborted).toBe(false);
  computations[0]!.succeed();
  expect(await staying).toHaveLength(1);
});

it('aborts the computation when the last caller has left, and computes anew after that', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder);
  const controller = new AbortController();
  const leaving = cache.embed(['a'], controller.signal);
  controller.abort();
  await expect(leaving).rejects.toThrow(EmbeddingError);
  expect(computations[0]!.signal?.aborted).toBe(true);
  const again = cache.embed(['a']);
  computations[1]!.succeed();
  expect(await again).toHaveLength(1);
});

it('does not keep a failure', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder);
  const failing = cache.embed(['a']);
  computations[0]!.fail();
  await expect(failing).rejects.toThrow('no luck');
  const again = cache.embed(['a']);
  computations[1]!.succeed();
  expect(await again).toHaveLength(1);
});

it('forgets the text used longest ago', async () => {
  const { embedder, computations } = controlledEmbedder();
  const cache = cacheEmbeddings(embedder, 2);
  for (const text of ['a', 'b', 'c', 'b', 'a']) {
    const call = cache.embed([text]);
    computations.at(-1)!.succeed();
    await call;
  }
  expect(computations.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'a']);
});

it('passes on identity and close', async () => {
  const { embedder } = controlledEmbedder();
  const close = vi.spyOn(embedder, 'close');
  const cache = cacheEmbeddings(embedder);
  expect([cache.id, cache.dimensions]).toEqual(['fake', 1]);
  await cache.close();
  expect(close).toHaveBeenCalledOnce();
});
