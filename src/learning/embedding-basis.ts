// The directions in which logged vectors differ most (principal components), so that a head for a pair has
// tens of weights to find and not hundreds. By subspace iteration on the covariance (Golub & Van Loan, 8.2).
import { addProduct, addTransposedProduct } from '../math/matrix.ts';
import { orthonormalize } from '../math/eigen.ts';
import { normal, seededRandom } from '../math/random.ts';

export interface EmbeddingBasis {
  readonly dimensions: number;
  readonly count: number;
  /** Mean vector [dimensions]. */
  readonly mean: Float64Array;
  /**
   * Columns [dimensions x count]. Coordinates (e - mean) . directions have a total variance of 1, so
   * that weights of size 1 move a typical prompt by 1; how the directions share it stays as it is.
   */
  readonly directions: Float64Array;
}

/** Rows that the directions are found from; more change nothing that matters. */
const mostRows = 2000;
const rounds = 12;

/** The `most` main directions of `vectors`, all of one length; fewer where there are fewer vectors. */
export function createEmbeddingBasis(
  vectors: readonly Float32Array[],
  most: number,
): EmbeddingBasis {
  const step = Math.max(1, vectors.length / mostRows);
  const n = Math.min(vectors.length, mostRows);
  const picked = Array.from({ length: n }, (_, i) => vectors[Math.floor(i * step)]!);
  const dimensions = picked[0]?.length ?? 0;
  const count = Math.max(0, Math.min(most, dimensions, n - 1));
  const mean = new Float64Array(dimensions);
  for (const vector of picked) for (let j = 0; j < dimensions; j++) mean[j]! += vector[j]! / n;

  const centred = new Float64Array(n * dimensions);
  for (const [i, vector] of picked.entries()) {
    for (let j = 0; j < dimensions; j++) centred[i * dimensions + j] = vector[j]! - mean[j]!;
  }
  const covariance = new Float64Array(dimensions * dimensions);
  addTransposedProduct(covariance, centred, centred, n, dimensions, dimensions);
  const random = seededRandom(1);
  let directions = Float64Array.from({ length: dimensions * count }, () => normal(random));
  orthonormalize(directions, dimensions, count);
  for (let round = 0; round < rounds; round++) {
    const next = new Float64Array(dimensions * count);
    addProduct(next, covariance, directions, dimensions, count, dimensions);
    orthonormalize(next, dimensions, count);
    directions = next;
  }
  const projected = new Float64Array(n * count);
  addProduct(projected, centred, directions, n, count, dimensions);
  let squares = 0;
  for (const value of projected) squares += value * value;
  const scale = squares > 0 ? 1 / Math.sqrt(squares / n) : 0;
  return { dimensions, count, mean, directions: directions.map((value) => value * scale) };
}

/** Coordinates of one vector [count], into `out` from `offset` on. */
export function project(
  { dimensions, count, mean, directions }: EmbeddingBasis,
  vector: Float32Array,
  out: Float64Array,
  offset: number,
): void {
  for (let j = 0; j < dimensions; j++) {
    const centred = vector[j]! - mean[j]!;
    for (let c = 0; c < count; c++) out[offset + c]! += centred * directions[j * count + c]!;
  }
}
