import type { Embedder, Embedding } from '../embedding/embedder.ts';
import { ConfigError, EmbeddingError } from '../errors.ts';

/** @throws EmbeddingError also when the vector has another length than it should */
export async function embedOne(
  embedder: Embedder,
  text: string,
  signal?: AbortSignal,
): Promise<Embedding> {
  const [embedding] = await embedder.embed([text], signal);
  if (embedding?.vector.length === embedder.dimensions) return embedding;
  throw new EmbeddingError(`the embedder ${embedder.id} gave no vector of its dimensions`);
}

/** @throws ConfigError when `file` holds vectors of another embedder */
export function assertSameEmbedder(
  file: string,
  made: { readonly id: string; readonly dimensions: number },
  embedder: Embedder,
  fix: string,
): void {
  if (made.id === embedder.id && made.dimensions === embedder.dimensions) return;
  throw new ConfigError(
    `${file} was made with the embedder ${made.id} (${made.dimensions} dimensions), not with ` +
      `${embedder.id} (${embedder.dimensions}); use that embedder, or ${fix}`,
  );
}
