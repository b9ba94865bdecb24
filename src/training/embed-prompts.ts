import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Embedder, Embedding } from '../embedding/embedder.ts';

const block = 64;

/**
 * Embeds all texts, or reads them from `folder`, where they are kept under a name that depends on
 * the embedder and on every text. They are kept block by block, so that a run that failed
 * is gone on with. `onProgress` is told how many are done.
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
  const embeddings = readWhole(file, texts.length, width);
  if (embeddings.length > 0) onProgress(embeddings.length);
  if (embeddings.length === texts.length) return embeddings;
  mkdirSync(folder, { recursive: true });
  const out = openSync(file, existsSync(file) ? 'r+' : 'w');
  try {
    ftruncateSync(out, embeddings.length * width * 4);
    for (let start = embeddings.length; start < texts.length; start += block) {
      const made = await embedder.embed(texts.slice(start, start + block));
      // At its own place: another run on the same texts writes the same there.
      writeSync(out, new Uint8Array(pack(made, width).buffer), 0, null, start * width * 4);
      embeddings.push(...made);
      onProgress(embeddings.length);
    }
  } finally {
    closeSync(out);
  }
  return embeddings;
}

/**
 * The rows that an earlier run has written; of one that was cut in the middle of a block, its whole blocks. Where two
 * ran at a time and one was killed there may be a gap of zeros: what lies before it.
 */
function readWhole(file: string, count: number, width: number): Embedding[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const size = width * 4;
  const length = Math.floor(bytes.length / size);
  if (length > count) return [];
  const isGap = (row: number): boolean =>
    bytes.subarray(row * size, (row + 1) * size).every((byte) => byte === 0);
  let rows = 0;
  while (rows < length && !isGap(rows)) rows++;
  const kept = rows === count ? count : rows - (rows % block);
  const { buffer, byteOffset } = bytes;
  return unpack(new Float32Array(buffer.slice(byteOffset, byteOffset + kept * size)), width);
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
