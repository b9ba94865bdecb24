import type { Embedder } from './embedder.ts';

export const fastEmbedderId = 'fast';

/**
 * No sentence vector at all: a prompt is scored by its wording and marks alone, which its router
 * weights read from the text. No process, no model, no waiting.
 */
export function createFastEncoder(): Embedder {
  return {
    id: fastEmbedderId,
    dimensions: 0,
    embed: (texts) =>
      Promise.resolve(
        texts.map(() => ({ vector: new Float32Array(0), tokens: null, unknownShare: null })),
      ),
    close: () => Promise.resolve(),
  };
}
