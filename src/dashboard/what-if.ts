import type { ScoredRow } from '../store/traffic-queries.ts';
import { costNanoUsd } from '../upstream/cost.ts';
import type { Price } from '../upstream/deployment.ts';
import type { AnswerTime } from './answer-time.ts';
import type { ScoreView, Tier } from './api-types.ts';

/** Thresholds that are tried: 0, 0.001 … 1. */
const thresholdSteps = 1000;

/** What each tier costs and how long it takes; null: not known. */
export interface TierFacts {
  readonly price: Price | null;
  readonly time: AnswerTime | null;
}

/**
 * What each threshold would have done to logged requests: the share that goes to strong (the counts
 * tell it), the mean cost and the mean time of an answer. An answer is taken to be as long from the
 * other model as it was from the one that gave it.
 */
export function whatIf(
  rows: Iterable<ScoredRow>,
  tiers: Readonly<Record<Tier, TierFacts>>,
): Omit<ScoreView, 'quality' | 'is_truncated'> {
  const counts = new Array<number>(thresholdSteps + 1).fill(0);
  const cost = { strong: new Float64Array(counts.length), weak: new Float64Array(counts.length) };
  const time = { strong: new Float64Array(counts.length), weak: new Float64Array(counts.length) };
  let count = 0;
  let answers = 0;
  for (const row of rows) {
    const bin = binOf(row.score);
    counts[bin]!++;
    count++;
    const { promptTokens, completionTokens } = row;
    if (promptTokens === null || completionTokens === null) continue;
    answers++;
    for (const tier of ['strong', 'weak'] as const) {
      const { price, time: speed } = tiers[tier];
      cost[tier][bin]! += (costNanoUsd(price, row) ?? 0) / 1e9;
      if (speed !== null) time[tier][bin]! += speed.baseMs + speed.msPerToken * completionTokens;
    }
  }
  const both = (fact: keyof TierFacts) =>
    answers > 0 && tiers.strong[fact] !== null && tiers.weak[fact] !== null;
  return {
    count,
    counts,
    usd_per_1k: both('price') ? byThreshold(cost, 1000 / answers) : null,
    ms_per_answer: both('time') ? byThreshold(time, 1 / answers) : null,
  };
}

/** The step at or below a score; 0.57 * 1000 is 569.99… in binary. */
function binOf(score: number): number {
  return Math.min(thresholdSteps, Math.max(0, Math.floor(score * thresholdSteps + 1e-9)));
}

/** Sum of what is below the threshold by weak and of what is not by strong, for each threshold. */
function byThreshold({ strong, weak }: Record<Tier, Float64Array>, factor: number): number[] {
  let sum = strong.reduce((all, value) => all + value, 0);
  return Array.from(strong, (value, bin) => {
    const here = Number((sum * factor).toPrecision(6));
    sum += weak[bin]! - value;
    return here;
  });
}
