import { quantile, sorted } from '../math/quantile.ts';

export interface CalibrateOptions {
  /** Fewest scores that a threshold is read from. */
  readonly minimum?: number;
}

export interface ThresholdCalibration {
  /** Scores at or above it go to strong. */
  readonly threshold: number;
  /** 95 % interval of the threshold, from the spread of the sample. */
  readonly interval95: readonly [number, number];
  /** Share of these scores that the threshold sends to strong; differs from the wish where scores tie. */
  readonly achievedShare: number;
  /** Share that a threshold a little higher would send; it leaves out what ties at this one. */
  readonly shareAbove: number;
  readonly distinctScores: number;
  /** False where ties keep the achieved share more than 3 points, and a prompt, from the wish. */
  readonly isOnTarget: boolean;
  /** Number of scores. */
  readonly prompts: number;
}

/**
 * With 100 prompts the share that a threshold really sends to strong is known to about +-10 points
 * (95 %, at a half); with fewer the figure says little.
 */
const minimumPrompts = 100;

/** Further from the wish than this is a miss. */
const shareTolerance = 0.03;

export class InsufficientData extends Error {
  readonly prompts: number;
  readonly needed: number;

  constructor(prompts: number, needed: number) {
    super(`a threshold needs at least ${needed} scored prompts, there are ${prompts}`);
    this.name = 'InsufficientData';
    this.prompts = prompts;
    this.needed = needed;
  }
}

/**
 * The threshold that sends `strongShare` (0..1) of the prompts to strong: RouteLLM's
 * quantile(1 - share) with linear interpolation.
 * @throws InsufficientData with the number that is needed
 * @throws RangeError when the share is not in 0..1 or a score is not finite
 */
export function calibrateThreshold(
  scores: Float64Array,
  strongShare: number,
  options: CalibrateOptions = {},
): ThresholdCalibration {
  const minimum = Math.max(1, options.minimum ?? minimumPrompts);
  if (!(strongShare >= 0 && strongShare <= 1)) {
    throw new RangeError(`the strong share is ${strongShare}, it must be between 0 and 1`);
  }
  if (scores.length < minimum) throw new InsufficientData(scores.length, minimum);
  if (!scores.every(Number.isFinite)) throw new RangeError('a score is not a finite number');
  const ordered = sorted(scores);
  const threshold = quantile(ordered, 1 - strongShare);
  const shareOf = (isSent: (score: number) => boolean): number =>
    scores.filter(isSent).length / scores.length;
  const achievedShare = shareOf((score) => score >= threshold);
  const tolerance = Math.max(shareTolerance, 1 / scores.length) + 1e-9;
  return {
    threshold,
    interval95: quantileInterval(ordered, 1 - strongShare),
    achievedShare,
    shareAbove: shareOf((score) => score > threshold),
    distinctScores: new Set(scores).size,
    isOnTarget: Math.abs(achievedShare - strongShare) <= tolerance,
    prompts: scores.length,
  };
}

/**
 * Order statistics around the p-quantile: the number of scores below it is binomial(n, p), here by
 * its normal approximation n p +- 1.96 sqrt(n p (1 - p)); free of any assumption about the scores.
 */
function quantileInterval(ordered: Float64Array, p: number): [number, number] {
  const n = ordered.length;
  const spread = 1.959964 * Math.sqrt(n * p * (1 - p));
  const at = (rank: number): number => ordered[Math.min(n - 1, Math.max(0, rank))]!;
  // Ranks are positions from 0 on; the outer neighbours make the interval no shorter than 95 %.
  return [at(Math.floor((n - 1) * p - spread)), at(Math.ceil((n - 1) * p + spread))];
}
