// RouteLLM's matrix factorization (arXiv:2406.18665, section 4.2; routellm/routers/matrix_factorization):
//   s(m, q) = w2 . (v_m/|v_m| * (W1 e)),   score = sigmoid(s(strong) - s(weak))
// with e the unit vector of text-embedding-3-small. For a fixed pair that is one dot product:
//   score = sigmoid(u . e),   u = W1^T (w2 * (v_s/|v_s| - v_w/|v_w|))
import { sigmoid } from '../math/vector.ts';

export const routellmEmbedding = { model: 'text-embedding-3-small', dimensions: 1536 } as const;
export const routellmRank = 128;
export const routellmModelCount = 64;

/** All matrices row-major. */
export interface RoutellmMf {
  /** v [64 x 128]. */
  readonly models: Float32Array;
  /** W1 [128 x 1536]. */
  readonly projection: Float32Array;
  /** w2 [128]. */
  readonly classifier: Float32Array;
}

/** u [1536] of a pair of ids. */
export function routellmDirection(
  { models, projection, classifier }: RoutellmMf,
  strong: number,
  weak: number,
): Float64Array {
  const { dimensions } = routellmEmbedding;
  const unit = (id: number): Float64Array => {
    const v = Float64Array.from(models.subarray(id * routellmRank, (id + 1) * routellmRank));
    // As torch's normalize: a row of zeros stays one.
    const norm = Math.max(1e-12, Math.sqrt(v.reduce((sum, value) => sum + value * value, 0)));
    return v.map((value) => value / norm);
  };
  const [vs, vw] = [unit(strong), unit(weak)];
  const u = new Float64Array(dimensions);
  for (let r = 0; r < routellmRank; r++) {
    const factor = classifier[r]! * (vs[r]! - vw[r]!);
    for (let t = 0; t < dimensions; t++) u[t]! += factor * projection[r * dimensions + t]!;
  }
  return u;
}

export function routellmScore(u: ArrayLike<number>, embedding: Float32Array): number {
  let z = 0;
  for (let t = 0; t < embedding.length; t++) z += u[t]! * embedding[t]!;
  const score = sigmoid(z);
  return Number.isFinite(score) ? score : 0.5;
}
