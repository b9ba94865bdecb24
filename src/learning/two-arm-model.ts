// One model for outcomes that compare both answers and for ratings of the one that was given. With y_T the
// quality (0..1) of the answer of tier T, a strong answer "wins" by
//
//   (1 + y_strong - y_weak) / 2,               so that     E[win | x] = 1/2 + (q_strong - q_weak) / 2 = p(x)
//
// whatever the dependence between the two (q_T: expected quality). Hence
//   compared:  win ~ Bernoulli(p(x)), a tie is a half        log-likelihood  win log p + (1 - win) log(1 - p)
//   rated:     E[y | x, T] = m(x) + (T - pi) (2 p(x) - 1)    log-likelihood  -(y - E y)^2 / (2 sigma^2)
// T = 1 strong, 0 weak; pi the logged probability that strong was chosen; m(x) = E[y | x] a nuisance. Since
// E[T - pi | x] = 0, a wrong m costs precision but does not bend p (Robinson, Econometrica 1988; the R-learner
// of Nie & Wager, Biometrika 2021). A row whose tier was certain (pi 0 or 1) says nothing of p: nothing
// tells there whether a prompt is easy or the model good at it. (A model that also learned from those rows, by
// a linear m, lost up to 0.06 of APGR on real outcomes where it should have changed nothing.)
//   logit p(x) = z + phi . theta      z the logit of the shipped win rate, phi = (1, z - mean z, f)
//   m(x) = 1/2 + phi . gamma
// with Gaussian priors around theta = 0, the shipped head, and gamma = 0. Mode by Gauss-Newton; evidence by
// Laplace's approximation (MacKay, Neural Computation 4, 1992; Bishop 2006, section 4.4).
import { choleskyFactor, solvePositive } from '../math/cholesky.ts';
import { addTransposedProduct } from '../math/matrix.ts';
import { clamp, sigmoid } from '../math/vector.ts';

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
  /** [n] 0..1; NaN: not rated. */
  readonly rating: Float64Array;
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

/** Precisions (1 / variance) of the prior, [k] each. */
export interface TwoArmPrior {
  readonly theta: Float64Array;
  /** Null leaves gamma out: nothing was rated. */
  readonly gamma: Float64Array | null;
}

export interface TwoArmFit {
  readonly theta: Float64Array;
  readonly gamma: Float64Array;
  /** Log evidence, up to what is the same for every prior. */
  readonly evidence: number;
}

const mostSteps = 25;
/** Comparisons that are nearly all ties would else count without bound. */
const leastDispersion = 0.1;
/** Of the log posterior. */
const smallestGain = 1e-4;

/** @param start where to begin, such as the mode under a neighbouring prior */
export function fitTwoArms(rows: TwoArmRows, prior: TwoArmPrior, start?: TwoArmFit): TwoArmFit {
  const { k } = rows;
  const precision = join(prior.theta, prior.gamma);
  const size = precision.length;
  let at: Float64Array = join(
    start?.theta ?? new Float64Array(k),
    prior.gamma && (start?.gamma ?? new Float64Array(k)),
  );
  let loss = lossAt(rows, precision, at);
  let curvature: Float64Array = new Float64Array(0);
  for (let step = 0; step < mostSteps; step++) {
    const { gradient, hessian } = derivatives(rows, precision, at);
    curvature = hessian;
    const direction = solvePositive(hessian, gradient, size);
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
  let logPrior = 0;
  for (const value of precision) logPrior += Math.log(value);
  const factor = choleskyFactor(curvature, size);
  let logCurvature = 0;
  for (let i = 0; i < size; i++) logCurvature += 2 * Math.log(factor[i * size + i]!);
  return {
    theta: at.slice(0, k),
    gamma: prior.gamma === null ? new Float64Array(k) : at.slice(k),
    evidence: -loss + (logPrior - logCurvature) / 2,
  };
}

/** -log posterior up to a constant. */
function lossAt(rows: TwoArmRows, precision: Float64Array, at: Float64Array): number {
  const { n, k, offset, win, rating, surprise, noise, dispersion } = rows;
  let loss = 0;
  for (let i = 0; i < precision.length; i++) loss += (precision[i]! * at[i]! ** 2) / 2;
  for (let i = 0; i < n; i++) {
    const eta = offset[i]! + rowDot(rows, i, at, 0);
    if (!Number.isNaN(win[i]!)) loss += (softplus(eta) - win[i]! * eta) / dispersion;
    if (Number.isNaN(rating[i]!)) continue;
    const level = at.length > k ? rowDot(rows, i, at, k) : 0;
    loss += (0.5 + level + surprise[i]! * (2 * sigmoid(eta) - 1) - rating[i]!) ** 2 / (2 * noise);
  }
  return loss;
}

/** Gradient and Gauss-Newton Hessian of `lossAt`. */
function derivatives(
  rows: TwoArmRows,
  precision: Float64Array,
  at: Float64Array,
): { gradient: Float64Array; hessian: Float64Array } {
  const { n, k, phi, offset, win, rating, surprise, noise, dispersion } = rows;
  const size = precision.length;
  const gradient = precision.map((value, i) => value * at[i]!);
  const hessian = new Float64Array(size * size);
  for (let i = 0; i < size; i++) hessian[i * size + i] = precision[i]!;
  // Rows of J, scaled, so that J^T J is the curvature; a row that is compared and rated has two.
  const jacobian = new Float64Array(2 * n * size);
  let used = 0;
  for (let i = 0; i < n; i++) {
    const p = sigmoid(offset[i]! + rowDot(rows, i, at, 0));
    const slope = p * (1 - p);
    if (!Number.isNaN(win[i]!)) {
      const root = Math.sqrt(slope / dispersion);
      const start = used++ * size;
      for (let j = 0; j < k; j++) {
        const value = phi[i * k + j]!;
        jacobian[start + j] = root * value;
        gradient[j]! += ((p - win[i]!) * value) / dispersion;
      }
    }
    if (Number.isNaN(rating[i]!)) continue;
    const level = size > k ? rowDot(rows, i, at, k) : 0;
    const residual = 0.5 + level + surprise[i]! * (2 * p - 1) - rating[i]!;
    const start = used++ * size;
    const root = 1 / Math.sqrt(noise);
    for (let j = 0; j < k; j++) {
      const value = phi[i * k + j]!;
      const toTheta = 2 * surprise[i]! * slope * value;
      jacobian[start + j] = root * toTheta;
      gradient[j]! += (residual * toTheta) / noise;
      if (size === k) continue;
      jacobian[start + k + j] = root * value;
      gradient[k + j]! += (residual * value) / noise;
    }
  }
  addTransposedProduct(hessian, jacobian, jacobian, used, size, size);
  return { gradient, hessian };
}

function rowDot({ phi, k }: TwoArmRows, row: number, weights: Float64Array, from: number): number {
  let sum = 0;
  for (let j = 0; j < k; j++) sum += phi[row * k + j]! * weights[from + j]!;
  return sum;
}

function join(theta: Float64Array, gamma: Float64Array | null): Float64Array {
  return gamma === null ? theta.slice() : Float64Array.of(...theta, ...gamma);
}

/** log(1 + e^x) without overflow. */
function softplus(x: number): number {
  return Math.max(0, x) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** The dispersion of the comparisons around a fit: mean squared Pearson residual, at most 1. */
export function dispersionOf(rows: TwoArmRows, { theta }: TwoArmFit): number {
  let [squares, compared] = [0, 0];
  for (let i = 0; i < rows.n; i++) {
    if (Number.isNaN(rows.win[i]!)) continue;
    const p = sigmoid(rows.offset[i]! + rowDot(rows, i, theta, 0));
    squares += (rows.win[i]! - p) ** 2 / (p * (1 - p));
    compared++;
  }
  return compared === 0 ? 1 : clamp(squares / compared, leastDispersion, 1);
}
