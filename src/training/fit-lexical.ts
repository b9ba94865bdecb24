// Latent semantic analysis of the training prompts: T = X V with X the TF-IDF matrix
// [prompts x n-grams] and V its leading right singular vectors, found by randomized subspace
// iteration (Halko, Martinsson, Tropp, arXiv:0909.4061). Row j of V is what n-gram j adds to a
// prompt's lexical vector (`writeLexical`).
import { orthonormalize, symmetricEigen } from '../math/eigen.ts';
import { normal, type Random } from '../math/random.ts';
import { ngramWeight, type LexicalTable } from '../routing/prompt-features-lexical.ts';

export interface LexicalSettings {
  /** Number of n-grams that are kept: those of most prompts. */
  readonly rows: number;
  readonly dimensions: number;
}

/** Compressed rows: entries starts[i] to starts[i + 1] belong to prompt i. */
interface SparseMatrix {
  readonly starts: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float32Array;
}

const extraColumns = 16;
const iterations = 3;

/** `counts`: n-gram hash -> count, of every prompt. */
export function fitLexical(
  counts: readonly ReadonlyMap<number, number>[],
  settings: LexicalSettings,
  random: Random,
): LexicalTable {
  const { rows, idf } = frequentNgrams(counts, settings.rows);
  const x = tfIdfMatrix(counts, rows, idf);
  const n = idf.length;
  const dimensions = Math.min(settings.dimensions, n, counts.length);
  const k = Math.min(dimensions + extraColumns, n);
  const basis = Float64Array.from({ length: n * k }, () => normal(random));
  orthonormalize(basis, n, k);
  for (let i = 0; i < iterations; i++) {
    const image = multiply(x, basis, k);
    basis.fill(0);
    addTransposed(basis, x, image, k);
    orthonormalize(basis, n, k);
  }
  const image = multiply(x, basis, k);
  const { vectors } = symmetricEigen(gram(image, k), k);
  const table = new Float32Array(n * dimensions);
  for (let j = 0; j < n; j++) {
    for (let d = 0; d < dimensions; d++) {
      let sum = 0;
      for (let i = 0; i < k; i++) sum += basis[j * k + i]! * vectors[i * k + d]!;
      table[j * dimensions + d] = sum;
    }
  }
  return { dimensions, rows, idf, table };
}

/** The `limit` n-grams of most prompts (ties: the smaller hash), with idf = ln((1 + N) / (1 + df)). */
function frequentNgrams(
  counts: readonly ReadonlyMap<number, number>[],
  limit: number,
): { rows: Map<number, number>; idf: Float32Array } {
  const frequency = new Map<number, number>();
  for (const prompt of counts) {
    for (const hash of prompt.keys()) frequency.set(hash, (frequency.get(hash) ?? 0) + 1);
  }
  const kept = [...frequency].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, limit);
  return {
    rows: new Map(kept.map(([hash], row) => [hash, row])),
    idf: Float32Array.from(kept, ([, df]) => Math.log((1 + counts.length) / (1 + df))),
  };
}

function tfIdfMatrix(
  counts: readonly ReadonlyMap<number, number>[],
  rows: ReadonlyMap<number, number>,
  idf: Float32Array,
): SparseMatrix {
  const starts = [0];
  const columns: number[] = [];
  const values: number[] = [];
  for (const prompt of counts) {
    const start = columns.length;
    let squares = 0;
    for (const [hash, count] of prompt) {
      const row = rows.get(hash);
      if (row === undefined) continue;
      const value = ngramWeight(count, idf[row]!);
      squares += value * value;
      columns.push(row);
      values.push(value);
    }
    const scale = squares > 0 ? 1 / Math.sqrt(squares) : 0;
    for (let i = start; i < values.length; i++) values[i]! *= scale;
    starts.push(columns.length);
  }
  return {
    starts: Uint32Array.from(starts),
    columns: Uint32Array.from(columns),
    values: Float32Array.from(values),
  };
}

/** x [prompts x n] * b [n x k]. */
function multiply(x: SparseMatrix, b: Float64Array, k: number): Float64Array {
  const prompts = x.starts.length - 1;
  const out = new Float64Array(prompts * k);
  for (let i = 0; i < prompts; i++) {
    for (let e = x.starts[i]!; e < x.starts[i + 1]!; e++) {
      const value = x.values[e]!;
      const from = x.columns[e]! * k;
      for (let t = 0; t < k; t++) out[i * k + t]! += value * b[from + t]!;
    }
  }
  return out;
}

/** out [n x k] += transpose(x) * b [prompts x k]. */
function addTransposed(out: Float64Array, x: SparseMatrix, b: Float64Array, k: number): void {
  for (let i = 0; i + 1 < x.starts.length; i++) {
    for (let e = x.starts[i]!; e < x.starts[i + 1]!; e++) {
      const value = x.values[e]!;
      const to = x.columns[e]! * k;
      for (let t = 0; t < k; t++) out[to + t]! += value * b[i * k + t]!;
    }
  }
}

/** transpose(b) * b, [k x k]. */
function gram(b: Float64Array, k: number): Float64Array {
  const out = new Float64Array(k * k);
  for (let start = 0; start < b.length; start += k) {
    for (let i = 0; i < k; i++) {
      const value = b[start + i]!;
      for (let j = 0; j < k; j++) out[i * k + j]! += value * b[start + j]!;
    }
  }
  return out;
}
