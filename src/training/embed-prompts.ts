import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Embedder, Embedding } from '../embedding/embedder.ts';

const block = 64;

/**
 * Embeds all texts, or reads them from `folder`, where they are kept under a name that depends on
 * the embedder and on every text. `onProgress` is told how many are done.
 */
export async function embedPrompts(
  embedder: Embedder,
  texts: readonly string[],
  folder: string,
  onProgress: (done: number) => void = () => {},
): Promise<Embedding[]> {
  const width = embedder.dimensions + 2;
  const name = createHash('sha256')
    .update(JSON.stringify([embedder.id, embedder.dimensions, texts]))
    .digest('hex');
  const file = join(folder, `embeddings-${name.slice(0, 16)}.f32`);
  if (existsSync(file)) {
    const bytes = readFileSync(file);
    if (bytes.length === texts.length * width * 4) {
      onProgress(texts.length);
      return unpack(
        new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
        width,
      );
    }
  }
  const embeddings: Embedding[] = [];
  for (let start = 0; start < texts.length; start += block) {
    embeddings.push(...(await embedder.embed(texts.slice(start, start + block))));
    onProgress(embeddings.length);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, new Uint8Array(pack(embeddings, width).buffer));
  return embeddings;
}

/** One row per text: token count, unknown share (NaN: not known), vector. */
function pack(embeddings: readonly Embedding[], width: number): Float32Array {
  const rows = new Float32Array(embeddings.length * width);
  for (const [i, { vector, tokens, unknownShare }] of embeddings.entries()) {
    rows.set([tokens ?? NaN, unknownShare ?? NaN], i * width);
    rows.set(vector, i * width + 2);
  }
  return rows;
}

function unpack(rows: Float32Array, width: number): Embedding[] {
  const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return Array.from({ length: rows.length / width }, (_, i) => ({
    tokens: orNull(rows[i * width]!),
    unknownShare: orNull(rows[i * width + 1]!),
    vector: rows.slice(i * width + 2, (i + 1) * width),
  }));
}
