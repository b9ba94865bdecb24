// m(x) = 1/2 + phi . gamma, the expected rating of the answer that was given to a prompt: ridge regression
// whose strength is chosen by its evidence (Bishop 2006, section 3.5).
import { solvePositive } from '../math/cholesky.ts';
import { addTransposedProduct } from '../math/matrix.ts';
import { logVolume } from './two-arm-model.ts';

/**
 * gamma [k]; zeros without ratings.
 *
 * @param phi [n x k]
 * @param ratings [n] 0..1; NaN: not rated
 * @param noise sigma^2 of a rating
 * @param precisions candidates for the prior's precision [k] each
 */
export function fitMeanRating(
  phi: Float64Array,
  ratings: Float64Array,
  noise: number,
  precisions: readonly Float64Array[],
): Float64Array {
  const n = ratings.length;
  const k = precisions[0]!.length;
  const rated = [...ratings.keys()].filter((i) => !Number.isNaN(ratings[i]!));
  const x = new Float64Array(rated.length * k);
  for (const [row, i] of rated.entries()) x.set(phi.subarray(i * k, i * k + k), row * k);
  const products = new Float64Array(k * k);
  addTransposedProduct(products, x, x, rated.length, k, k);
  const target = new Float64Array(k);
  for (const [row, i] of rated.entries()) {
    for (let j = 0; j < k; j++) target[j]! += (x[row * k + j]! * (ratings[i]! - 0.5)) / noise;
  }
  let best = { gamma: new Float64Array(k), evidence: -Infinity };
  if (n === 0 || rated.length === 0) return best.gamma;
  for (const precision of precisions) {
    const curvature = products.map((value) => value / noise);
    for (let j = 0; j < k; j++) curvature[j * k + j]! += precision[j]!;
    const gamma = Float64Array.from(solvePositive(curvature, target, k));
    // What the mode gains over gamma = 0 is half of target . gamma.
    let gain = 0;
    for (let j = 0; j < k; j++) gain += (target[j]! * gamma[j]!) / 2;
    const evidence = gain + logVolume(precision, curvature, k);
    if (evidence > best.evidence) best = { gamma, evidence };
  }
  return best.gamma;
}
