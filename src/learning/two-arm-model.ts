// One model for outcomes that compare both answers and for ratings of the one that was given. With y_T the
// quality (0..1) of the answer of tier T, a strong answer "wins" by
//
//   (1 + y_strong - y_weak) / 2,               so that     E[win | x] = 1/2 + (q_strong - q_weak) / 2 = p(x)
//
// whatever the dependence between the two (q_T: expected quality). Hence
//   compared:  win ~ Bernoulli(p(x)), a tie is a half        log-likelihood  win log p + (1 - win) log(1 - p)
//   rated:     E[y | x, T] = m(x) + (T - pi) (2 p(x) - 1)    log-likelihood  -(y - E y)^2 / (2 sigma^2)
// T = 1 strong, 0 weak; pi the logged probability that strong was chosen; m(x) = E[y | x], fitted before
// (mean-rating.ts). Since E[T - pi | x] = 0, a wrong m costs precision but does not bend p (Robinson,
// Econometrica 1988; the R-learner of Nie & Wager, Biometrika 2021). A row whose tier was certain (pi 0 or 1)
// says nothing of p: nothing tells there whether a prompt is easy or the model good at it. (A model that also
// learned from those rows lost up to 0.06 of APGR on real outcomes where it should have changed nothing.)
//   logit p(x) = z + phi . theta      z the logit of the shipped win rate, phi = (1, z - mean z, f)
// with a Gaussian prior around theta = 0, the shipped head. Mode by Gauss-Newton; evidence by Laplace's
// approximation (MacKay, Neural Computation 4, 1992; Bishop 2006, section 4.4).
import { choleskyFactor, solvePositive } from '../math/cholesky.ts';
import { addTransposedProduct } from '../math/matrix.ts';
import { clamp, crossEntropyOf, sigmoid } from '../math/vector.ts';

/** n rows in columns. */
export interface TwoArmRows {
  readonly n: number;
  /** Length of phi. */
  readonly k: number;
  /** phi [n x k]. */
  readonly phi: Float64Array;
  /** z [n]. */
  readonly offset: Float64Array;
  /** [n] 0..1; NaN: not compared. */
  readonly win: Float64Array;
  /** y - m(x) [n]; NaN: not rated. */
  readonly excess: Float64Array;
  /** T - pi [n]; 0 where the tier was certain or its probability is not known. */
  readonly surprise: Float64Array;
  /** sigma^2 of ratings. */
  readonly noise: number;
  /**
   * Variance of comparisons over that of coin flips, p (1 - p): below 1 where many are ties, which
   * tell more than a win and a loss (quasi-likelihood, Wedderburn, Biometrika 1974).
   */
  readonly dispersion: number;
}

export interface TwoArmFit {
  readonly theta: Float64Array;
  /** Log evidence, up to what is the same for every prior. */
  readonly evidence: number;
}

const mostSteps = 25;
/** Of the log posterior. */
const smallestGain = 1e-4;
/** Comparisons that are nearly all ties would else count without bound. */
const leastDispersion = 0.1;

/**
 * @param precision of the prior, 1 / variance [k]
 * @param start where to begin, such as the mode under a neighbouring prior
 */
export function fitTwoArms(
  rows: TwoArmRows,
  precision: Float64Array,
  start?: Float64Array,
): TwoArmFit {
  const { k } = rows;
  let at: Float64Array = start?.slice() ?? new Float64Array(k);
  let loss = lossAt(rows, precision, at);
  let curvature: Float64Array = new Float64Array(0);
  for (let step = 0; step < mostSteps; step++) {
    const { gradient, hessian } = derivatives(rows, precision, at);
    curvature = hessian;
    const direction = solvePositive(hessian, gradient, k);
    let gain = 0;
    for (let scale = 1; scale > 1e-4; scale /= 2) {
      const next = at.map((value, i) => value - scale * direction[i]!);
      const nextLoss = lossAt(rows, precision, next);
      if (!(nextLoss < loss)) continue;
      gain = loss - nextLoss;
      [at, loss] = [next, nextLoss];
      break;
    }
    if (gain < smallestGain) break;
  }
  return { theta: at, evidence: -loss + logVolume(precision, curvature, k) };
}

/** (log |prior precision| - log |curvature|) / 2: what Laplace's approximation adds at a mode. */
export function logVolume(precision: Float64Array, curvature: Float64Array, k: number): number {
  const factor = choleskyFactor(curvature, k);
  let sum = 0;
  for (let j = 0; j < k; j++) sum += Math.log(precision[j]!) / 2 - Math.log(factor[j * k + j]!);
  return sum;
}

/** -log posterior up to a constant. */
function lossAt(rows: TwoArmRows, precision: Float64Array, theta: Float64Array): number {
  const { n, k, offset, win, excess, surprise, noise, dispersion } = rows;
  let loss = 0;
  for (let j = 0; j < k; j++) loss += (precision[j]! * theta[j]! ** 2) / 2;
  for (let i = 0; i < n; i++) {
    const eta = offset[i]! + rowDot(rows, i, theta);
    if (!Number.isNaN(win[i]!)) loss += crossEntropyOf(win[i]!, eta) / dispersion;
    if (Number.isNaN(excess[i]!)) continue;
    loss += (surprise[i]! * (2 * sigmoid(eta) - 1) - excess[i]!) ** 2 / (2 * noise);
  }
  return loss;
}

/** Gradient and Gauss-Newton Hessian of `lossAt`. */
function derivatives(
  rows: TwoArmRows,
  precision: Float64Array,
  theta: Float64Array,
): { gradient: Float64Array; hessian: Float64Array } {
  const { n, k, phi, offset, win, excess, surprise, noise, dispersion } = rows;
  const gradient = precision.map((value, j) => value * theta[j]!);
  const hessian = new Float64Array(k * k);
  for (let j = 0; j < k; j++) hessian[j * k + j] = precision[j]!;
  // phi, scaled, so that J^T J is the curvature.
  const jacobian = new Float64Array(n * k);
  let used = 0;
  for (let i = 0; i < n; i++) {
    const p = sigmoid(offset[i]! + rowDot(rows, i, theta));
    const slope = p * (1 - p);
    let [pull, bend] = [0, 0];
    if (!Number.isNaN(win[i]!)) {
      pull += (p - win[i]!) / dispersion;
      bend += slope / dispersion;
    }
    if (!Number.isNaN(excess[i]!)) {
      const reach = 2 * surprise[i]! * slope;
      pull += ((surprise[i]! * (2 * p - 1) - excess[i]!) * reach) / noise;
      bend += reach ** 2 / noise;
    }
    if (bend === 0) continue;
    const root = Math.sqrt(bend);
    const start = used++ * k;
    for (let j = 0; j < k; j++) {
      const value = phi[i * k + j]!;
      jacobian[start + j] = root * value;
      gradient[j]! += pull * value;
    }
  }
  addTransposedProduct(hessian, jacobian, jacobian, used, k, k);
  return { gradient, hessian };
}

/** The dispersion of the comparisons around a fit: mean squared Pearson residual, at most 1. */
export function dispersionOf(rows: TwoArmRows, { theta }: TwoArmFit): number {
  let [squares, compared] = [0, 0];
  for (let i = 0; i < rows.n; i++) {
    if (Number.isNaN(rows.win[i]!)) continue;
    const p = sigmoid(rows.offset[i]! + rowDot(rows, i, theta));
    squares += (rows.win[i]! - p) ** 2 / (p * (1 - p));
    compared++;
  }
  return compared === 0 ? 1 : clamp(squares / compared, leastDispersion, 1);
}

function rowDot({ phi, k }: TwoArmRows, row: number, weights: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < k; j++) sum += phi[row * k + j]! * weights[j]!;
  return sum;
}
