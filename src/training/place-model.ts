// Places one more model in a trained head: its factors a and bias b, all else fixed, by maximum a
// posteriori. With g = [f(x), 1] and z = [a, b],
//   loss(z) = sum over outcomes of CE(y, sigmoid(z . g)) + 1/2 (z - z0)^T S^-1 (z - z0),
// where z0 is the mean of the known models' z, each weighted by its likeness in family and size, and
// S the covariance of what such means miss of the known models. Empirical Bayes: 100 outcomes cannot
// tell hundreds of numbers apart, but models differ in few ways. With S = L L^T and z = z0 + L c the prior of
// c is a standard normal one; Newton's method, its steps halved where the loss would rise.
import { choleskyFactor } from '../math/cholesky.ts';
import { minimize } from '../math/newton.ts';
import { clamp, crossEntropyOf, dot, logit, mean, sigmoid } from '../math/vector.ts';
import { latentCount, type MfHead } from '../routing/matrix-factorization.ts';

/** A trained model that tells where others lie. */
export interface KnownModel {
  /** Row of the head. */
  readonly row: number;
  /** Distance to the new model: difference of log sizes, and a step for another family. */
  readonly distance: number;
  /** The same to each of the known models, in their order. */
  readonly distances: readonly number[];
}

export interface ScoredFactors {
  /** f, topics included [n x rank]. */
  readonly factors: Float64Array;
  /** Scores 0..1. */
  readonly scores: ArrayLike<number>;
}

export interface PlacedModel {
  readonly factors: Float64Array;
  readonly bias: number;
}

/** Prior of a new model. */
export interface ModelPrior {
  /** z0 [rank + 1]. */
  readonly mean: Float64Array;
  /** L [(rank + 1)^2], lower triangle. */
  readonly spread: Float64Array;
}

/** How fast the say of a known model falls with its distance. */
const nearness = 2;
/** Share of S that is its diagonal alone: a covariance of some sixty models is not sure of itself. */
const shrinkage = 0.3;
const stopping = { steps: 30, tolerance: 1e-8 };

export function modelPrior(head: MfHead, known: readonly KnownModel[]): ModelPrior {
  const width = head.rank + 1;
  const z = (row: number): Float64Array => {
    const values = new Float64Array(width);
    values.set(head.models.subarray(row * head.rank, (row + 1) * head.rank));
    values[head.rank] = head.modelBias[row]!;
    // How another model failed by its form says nothing of this one.
    for (const [t, ofForm] of head.topics?.ofForm.entries() ?? []) {
      if (ofForm) values[latentCount(head) + t] = 0;
    }
    return values;
  };
  const rows = known.map(({ row }) => z(row));
  const meanBy = (distances: readonly number[], except = -1): Float64Array => {
    const sum = new Float64Array(width);
    let total = 0;
    for (const [i, row] of rows.entries()) {
      if (i === except) continue;
      const weight = Math.exp(-nearness * distances[i]!);
      total += weight;
      for (let t = 0; t < width; t++) sum[t]! += weight * row[t]!;
    }
    return sum.map((value) => value / total);
  };
  const covariance = new Float64Array(width * width);
  for (const [i, row] of rows.entries()) {
    const expected = meanBy(known[i]!.distances, i);
    const missed = row.map((value, t) => value - expected[t]!);
    for (let s = 0; s < width; s++) {
      for (let t = 0; t < width; t++) covariance[s * width + t]! += missed[s]! * missed[t]!;
    }
  }
  for (let s = 0; s < width; s++) {
    for (let t = 0; t < width; t++) {
      covariance[s * width + t]! *= (s === t ? 1 : 1 - shrinkage) / rows.length;
    }
    // Factors that do not vary must not make S singular.
    covariance[s * width + s]! += 1e-9;
  }
  return {
    mean: meanBy(known.map(({ distance }) => distance)),
    spread: choleskyFactor(covariance, width),
  };
}

/** `rows` may be empty: the model is then what its likes are. */
export function placeModel(
  rank: number,
  prior: ModelPrior,
  { factors, scores }: ScoredFactors,
): PlacedModel {
  const width = rank + 1;
  const { mean, spread } = prior;
  const n = scores.length;
  // Row i: L^T g_i, and the logit at z0.
  const h = new Float64Array(n * width);
  const start = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const g = (t: number): number => (t < rank ? factors[i * rank + t]! : 1);
    for (let t = 0; t < width; t++) {
      start[i]! += mean[t]! * g(t);
      for (let s = t; s < width; s++) h[i * width + t]! += spread[s * width + t]! * g(s);
    }
  }
  const logitOf = (i: number, at: Float64Array): number =>
    start[i]! + dot(h, at, i * width, 0, width);
  const lossAt = (at: Float64Array): number => {
    let loss = dot(at, at, 0, 0, width) / 2;
    for (let i = 0; i < n; i++) loss += crossEntropyOf(scores[i]!, logitOf(i, at));
    return loss;
  };
  const slopesAt = (at: Float64Array) => {
    const gradient = at.slice();
    // Its lower triangle.
    const hessian = new Float64Array(width * width);
    for (let t = 0; t < width; t++) hessian[t * width + t] = 1;
    for (let i = 0; i < n; i++) {
      const p = sigmoid(logitOf(i, at));
      const curvature = Math.max(1e-6, p * (1 - p));
      for (let s = 0; s < width; s++) {
        const hs = h[i * width + s]!;
        gradient[s]! += (p - scores[i]!) * hs;
        for (let t = 0; t <= s; t++) {
          hessian[s * width + t]! += curvature * hs * h[i * width + t]!;
        }
      }
    }
    return { gradient, hessian };
  };
  const c = minimize({ lossAt, slopesAt }, new Float64Array(width), stopping);
  const z = mean.slice();
  for (let s = 0; s < width; s++) {
    for (let t = 0; t <= s; t++) z[s]! += spread[s * width + t]! * c[t]!;
  }
  return { factors: z.slice(0, rank), bias: z[rank]! };
}

/** Mean cross entropy in nats, and the same of always saying the mean score. */
export interface FitReport {
  readonly loss: number;
  readonly meanLoss: number;
  /** Of the model that family and size alone suggest. */
  readonly priorLoss: number;
}

/**
 * Each fifth of the prompts predicted by a fit to the others.
 * @param prompts of each outcome: those of one prompt are in one fold
 */
export function crossValidate(
  rank: number,
  prior: ModelPrior,
  { factors, scores }: ScoredFactors,
  prompts: readonly unknown[],
  folds = 5,
): FitReport {
  const sums = { loss: 0, meanLoss: 0, priorLoss: 0 };
  const guess: PlacedModel = { factors: prior.mean.slice(0, rank), bias: prior.mean[rank]! };
  const first = new Map([...prompts.entries()].reverse().map(([i, prompt]) => [prompt, i]));
  const foldOf = prompts.map((prompt) => first.get(prompt)! % folds);
  const all = [...prompts.keys()];
  for (let fold = 0; fold < folds; fold++) {
    const train = all.filter((i) => foldOf[i] !== fold);
    const rows = Float64Array.from(
      train.flatMap((i) => [...factors.subarray(i * rank, (i + 1) * rank)]),
    );
    const seen = train.map((i) => scores[i]!);
    const fitted = placeModel(rank, prior, { factors: rows, scores: seen });
    // Of nothing, where all outcomes are of one prompt.
    const usual = seen.length === 0 ? 0.5 : mean(seen);
    for (const i of all.filter((one) => foldOf[one] === fold)) {
      const quality = (model: PlacedModel): number =>
        sigmoid(dot(model.factors, factors, 0, i * rank, rank) + model.bias);
      sums.loss += crossEntropy(scores[i]!, quality(fitted));
      sums.meanLoss += crossEntropy(scores[i]!, usual);
      sums.priorLoss += crossEntropy(scores[i]!, quality(guess));
    }
  }
  const n = scores.length;
  return { loss: sums.loss / n, meanLoss: sums.meanLoss / n, priorLoss: sums.priorLoss / n };
}

function crossEntropy(y: number, p: number): number {
  return crossEntropyOf(y, logit(clamp(p, 1e-4, 1 - 1e-4)));
}
