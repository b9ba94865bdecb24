import type { Embedder, Embedding } from '../embedding/embedder.ts';
import { embedPrompts } from '../training/embed-prompts.ts';

/** Evaluating again should not embed again: vectors are kept by the content of the texts. */
export const embeddingFolder = '.cache';

/** An embedder that answers `texts` from memory, and asks `embedder` for any other. */
export async function keepEmbeddings(
  embedder: Embedder,
  texts: readonly string[],
  onProgress: (done: number) => void = () => {},
  folder: string = embeddingFolder,
): Promise<Embedder> {
  const embeddings = await embedPrompts(embedder, texts, folder, onProgress);
  const known = new Map<string, Embedding>(texts.map((text, i) => [text, embeddings[i]!]));
  const { id, dimensions } = embedder;
  return {
    ...{ id, dimensions },
    embed(asked, signal) {
      const found = asked.flatMap((text) => known.get(text) ?? []);
      return found.length === asked.length ? Promise.resolve(found) : embedder.embed(asked, signal);
    },
    close: () => embedder.close(),
  };
}
