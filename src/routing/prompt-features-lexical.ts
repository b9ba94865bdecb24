// Words and pairs of neighbouring words as 32-bit hashes, so that no list of words ships with the
// weights. TF-IDF as in Salton & Buckley (1988): (1 + ln count) * idf, scaled to length 1; the rows
// of a learned table (latent semantic analysis: a truncated SVD of the training prompts) are summed.

/** Known n-grams and what they say. */
export interface LexicalTable {
  /** Length of a lexical vector. */
  readonly dimensions: number;
  /** Hash of an n-gram -> its row. */
  readonly rows: ReadonlyMap<number, number>;
  /** Inverse document frequency of each row. */
  readonly idf: Float32Array;
  /** Row-major, rows x dimensions. */
  readonly table: Float32Array;
}

const fnvOffset = 0x811c9dc5;

/** FNV-1a over UTF-16 units, 32 bits. */
export function hashOf(text: string, seed = fnvOffset): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** How often each n-gram (n = 1, 2) occurs, by hash. */
export function countNgrams(tokens: readonly string[]): Map<number, number> {
  const counts = new Map<number, number>();
  let before = 0;
  for (const [i, token] of tokens.entries()) {
    const hash = hashOf(token);
    counts.set(hash, (counts.get(hash) ?? 0) + 1);
    if (i > 0) {
      // A space, then the second word, continue the hash of the first.
      const pair = hashOf(token, Math.imul(before ^ 32, 0x01000193));
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    before = hash;
  }
  return counts;
}

/** TF-IDF with sublinear counts: 1 + ln(count), by the rarity of the n-gram. */
export function ngramWeight(count: number, idf: number): number {
  return (1 + Math.log(count)) * idf;
}

/** Writes the lexical vector of a text (`dimensions` long) to `target` from `offset` on. */
export function writeLexical(
  counts: ReadonlyMap<number, number>,
  lexical: LexicalTable,
  target: Float64Array,
  offset: number,
): void {
  const { dimensions, rows, idf, table } = lexical;
  target.fill(0, offset, offset + dimensions);
  let squares = 0;
  for (const [hash, count] of counts) {
    const row = rows.get(hash);
    if (row === undefined) continue;
    const weight = ngramWeight(count, idf[row]!);
    squares += weight * weight;
    const start = row * dimensions;
    for (let i = 0; i < dimensions; i++) target[offset + i]! += weight * table[start + i]!;
  }
  if (squares === 0) return;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < dimensions; i++) target[offset + i]! *= scale;
}
