// Fits a local head (routing/local-head.ts) to the outcomes of one pair. The prior is the shipped head: a
// Gaussian around a = 1, b = 0, w = 0 (two-arm-model.ts). How far w may move is not set but asked of the data:
// tau, the prior's standard deviation of w . e over the traffic in logits, is averaged over a grid by its
// evidence, 0 (the shipped ranking as it is) included. So few outcomes leave the shipped head in force, and its
// weight falls as they grow.
import { clamp, softmax } from '../math/vector.ts';
import { winRateLogit, type LocalHead } from '../routing/local-head.ts';
import { createEmbeddingBasis, project, type EmbeddingBasis } from './embedding-basis.ts';
import type { LocalOutcome, Rating } from './local-outcome.ts';
import { fitMeanRating } from './mean-rating.ts';
import { dispersionOf, fitTwoArms, type TwoArmFit, type TwoArmRows } from './two-arm-model.ts';

export interface LocalHeadOptions {
  /** Directions that the head may use; made from the outcomes' own vectors when left out. */
  readonly basis?: EmbeddingBasis;
}

export interface FittedHead {
  readonly head: LocalHead;
  /** Posterior mean of tau, in logits; 0: the outcomes ask for no other ranking. */
  readonly freedom: number;
  /** Posterior probability of tau = 0. */
  readonly shippedProbability: number;
  /** Expected quality, 0..1, of the answer that was given to such a prompt; 0.5 without ratings. */
  readonly expectedRating: (outcome: Pick<LocalOutcome, 'winRate' | 'embedding'>) => number;
}

/** Principal components that w is sought in. */
export const basisSize = 64;
/** Prior standard deviations: b in logits, a as a factor, and the two of the mean rating. */
const biasSpread = 1;
const slopeSpread = 0.5;
const levelBiasSpread = 0.5;
const levelSlopeSpread = 0.2;
/** tau, and how likely each is before any outcome: none at all or little. */
const freedoms = [0, 0.25, 0.5, 1, 2, 4] as const;
const freedomPrior = [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 32] as const;
const levelFreedoms = [0, 0.05, 0.1, 0.2, 0.4] as const;
/** Stands for a spread of 0. */
const tiny = 1e-4;
/** Ratings of one value only would else have no noise at all. */
const leastNoise = 0.02;
/** |a|; with less the head could not be undone (`baseWinRate`). Below 0 the shipped order was wrong. */
const leastSlope = 0.1;

/**
 * The same outcomes give the same head. Implicit signals are no outcomes here: an error or an answer
 * cut by its length says more of the service and the client's limits than of the models.
 *
 * @throws RangeError without outcomes, and when vectors differ in length
 */
export function fitLocalHead(
  outcomes: readonly LocalOutcome[],
  options: LocalHeadOptions = {},
): FittedHead {
  const vectors = outcomes.map(({ embedding }) => embedding);
  const dimensions = vectors[0]?.length;
  if (dimensions === undefined) throw new RangeError('a head cannot be fitted to no outcomes');
  if (vectors.some(({ length }) => length !== dimensions)) {
    throw new RangeError('the vectors of the outcomes differ in length');
  }
  const basis = options.basis ?? createEmbeddingBasis(vectors, basisSize);
  const { rows: plain, meanLogit, gamma } = toRows(outcomes, basis);
  const shippedOrder = fitTwoArms(plain, precisionOf(plain.k, biasSpread, slopeSpread, 0));
  const rows = { ...plain, dispersion: dispersionOf(plain, shippedOrder) };
  const fits: TwoArmFit[] = [];
  for (const freedom of freedoms) {
    const precision = precisionOf(rows.k, biasSpread, slopeSpread, freedom);
    fits.push(fitTwoArms(rows, precision, fits.at(-1)?.theta));
  }
  const weights = softmax(
    Float64Array.from(fits, ({ evidence }, i) => evidence + Math.log(freedomPrior[i]!)),
  );
  const theta = new Float64Array(rows.k);
  for (const [i, fit] of fits.entries()) {
    for (let j = 0; j < rows.k; j++) theta[j]! += weights[i]! * fit.theta[j]!;
  }
  const head = toHead(theta, basis, meanLogit);
  const level = toPlane(gamma, basis);
  return {
    head,
    freedom: weights.reduce((sum, weight, i) => sum + weight * freedoms[i]!, 0),
    shippedProbability: weights[0]!,
    expectedRating: ({ winRate, embedding }) =>
      clamp(
        0.5 +
          level.bias +
          gamma[1]! * (winRateLogit(winRate) - meanLogit) +
          embedding.reduce((sum, value, i) => sum + value * level.weights[i]!, 0),
        0,
        1,
      ),
  };
}

function toRows(
  outcomes: readonly LocalOutcome[],
  basis: EmbeddingBasis,
): { rows: TwoArmRows; meanLogit: number; gamma: Float64Array } {
  const n = outcomes.length;
  const k = basis.count + 2;
  const offset = Float64Array.from(outcomes, ({ winRate }) => winRateLogit(winRate));
  const meanLogit = offset.reduce((sum, value) => sum + value / n, 0);
  const phi = new Float64Array(n * k);
  for (const [i, { embedding }] of outcomes.entries()) {
    phi[i * k] = 1;
    phi[i * k + 1] = offset[i]! - meanLogit;
    project(basis, embedding, phi, i * k + 2);
  }
  const ratings = Float64Array.from(outcomes, ({ rating }) => rating?.value ?? NaN);
  const noise = Math.max(leastNoise, variance(ratings.filter((value) => !Number.isNaN(value))));
  const gamma = fitMeanRating(
    phi,
    ratings,
    noise,
    levelFreedoms.map((freedom) => precisionOf(k, levelBiasSpread, levelSlopeSpread, freedom)),
  );
  const excess = ratings.map((value, i) => {
    let expected = 0.5;
    for (let j = 0; j < k; j++) expected += phi[i * k + j]! * gamma[j]!;
    return value - expected;
  });
  const rows = {
    ...{ n, k, phi, offset, excess, noise, dispersion: 1 },
    surprise: Float64Array.from(outcomes, ({ rating }) => surpriseOf(rating)),
    win: Float64Array.from(outcomes, ({ strongWin }) => strongWin ?? NaN),
  };
  return { rows, meanLogit, gamma };
}

/** T - pi. */
function surpriseOf(rating: Rating | null): number {
  if (rating === null || rating.propensity === null) return 0;
  return rating.tier === 'strong' ? 1 - rating.propensity : rating.propensity - 1;
}

/** Of a prior with these standard deviations: of the constant, of the logit's factor, of the others. */
function precisionOf(k: number, bias: number, slope: number, rest: number): Float64Array {
  const precision = new Float64Array(k).fill(1 / Math.max(tiny, rest) ** 2);
  precision[0] = 1 / bias ** 2;
  precision[1] = 1 / slope ** 2;
  return precision;
}

/** phi . theta, in terms of z and e themselves. */
function toHead(theta: Float64Array, basis: EmbeddingBasis, meanLogit: number): LocalHead {
  const { bias, weights } = toPlane(theta, basis);
  const fitted = 1 + theta[1]!;
  const slope = fitted < 0 ? Math.min(-leastSlope, fitted) : Math.max(leastSlope, fitted);
  return { slope, bias: bias + (1 - slope) * meanLogit, weights };
}

/** The constant and the weights [dimensions] of theta_0 + f . theta_2.. */
function toPlane(
  theta: Float64Array,
  { dimensions, count, mean, directions }: EmbeddingBasis,
): { bias: number; weights: Float32Array } {
  const weights = new Float32Array(dimensions);
  let bias = theta[0]!;
  for (let j = 0; j < dimensions; j++) {
    let sum = 0;
    for (let c = 0; c < count; c++) sum += directions[j * count + c]! * theta[2 + c]!;
    weights[j] = sum;
    bias -= sum * mean[j]!;
  }
  return { bias, weights };
}

function variance(values: Float64Array): number {
  if (values.length === 0) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}
