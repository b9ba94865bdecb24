import { seededRandom } from '../math/random.ts';
import { errorOfBins, reliabilityBins } from '../training/evaluate-metrics.ts';
import { percentileEstimate } from '../training/question-bootstrap.ts';
import type { Calibration } from './evaluation.ts';

const histogramBins = 20;
/** Draws of outcomes from the scores themselves. */
const chanceDraws = 200;

export interface Predictions {
  readonly router: string;
  readonly scores: readonly number[];
  /** 1 where the strong answer scores strictly higher. */
  readonly won: readonly number[];
  readonly weights: readonly number[];
}

/** @param draws how often each row was drawn, for each resample */
export function calibrationOf(
  { router, scores, won, weights }: Predictions,
  draws: readonly Uint16Array[],
): Calibration {
  const bins = reliabilityBins(scores, won, weights);
  const resampled = draws.map((counts) =>
    reliabilityBins(
      scores,
      won,
      weights.map((weight, i) => weight * counts[i]!),
    ),
  );
  const histogram = new Array<number>(histogramBins).fill(0);
  for (const score of scores) {
    histogram[Math.min(histogramBins - 1, Math.floor(score * histogramBins))]! += 1 / scores.length;
  }
  return {
    router,
    prompts: scores.length,
    error: percentileEstimate(errorOfBins(bins), resampled.map(errorOfBins)),
    errorByChance: errorByChance(scores, weights),
    bins: bins.map((bin, i) => ({
      ...bin,
      frequency95: percentileEstimate(
        bin.frequency,
        resampled.map((other) => other[i]!.frequency),
      ).interval95,
    })),
    histogram,
  };
}

function errorByChance(scores: readonly number[], weights: readonly number[]): number {
  const random = seededRandom(1);
  let sum = 0;
  for (let draw = 0; draw < chanceDraws; draw++) {
    const won = scores.map((score) => (random() < score ? 1 : 0));
    sum += errorOfBins(reliabilityBins(scores, won, weights));
  }
  return sum / chanceDraws;
}
