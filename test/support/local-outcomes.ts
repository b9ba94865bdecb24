import type { LocalOutcome } from '../../src/learning/local-outcome.ts';
import { normal, type Random } from '../../src/math/random.ts';
import { sigmoid } from '../../src/math/vector.ts';
import type { Tier } from '../../src/routing/decision.ts';

/** A prompt as a head sees it. */
export interface SyntheticPrompt {
  readonly winRate: number;
  readonly embedding: Float32Array;
}

/** Expected quality, 0..1, of either model's answer. */
export type Qualities = (prompt: SyntheticPrompt) => { strong: number; weak: number };

/** A unit vector whose first two numbers matter most, and a win rate that knows nothing of it. */
export function syntheticPrompt(random: Random, dimensions = 12): SyntheticPrompt {
  const raw = Array.from({ length: dimensions }, (_, j) => normal(random) / (1 + j));
  const length = Math.hypot(...raw);
  return {
    winRate: sigmoid(0.4 + normal(random)),
    embedding: Float32Array.from(raw, (value) => value / length),
  };
}

/** A user for whom the shipped win rate is right. */
export const agreeing: Qualities = ({ winRate }) => ({ strong: winRate, weak: 1 - winRate });

/** A user whose strong model is better where the vector's first number is positive, and nowhere else. */
export const differing: Qualities = ({ embedding }) => ({
  strong: 0.85,
  weak: embedding[0]! > 0 ? 0.35 : 0.85,
});

/** Both answers, drawn and compared. */
export function compared(
  prompt: SyntheticPrompt,
  { strong, weak }: ReturnType<Qualities>,
  random: Random,
): LocalOutcome {
  const answer = (quality: number): number => (random() < quality ? 1 : 0);
  return { ...prompt, strongWin: (1 + answer(strong) - answer(weak)) / 2, rating: null };
}

/** The answer of one tier, chosen by the score at 0.6 or, with probability `explore`, by a coin. */
export function rated(
  prompt: SyntheticPrompt,
  qualities: ReturnType<Qualities>,
  random: Random,
  explore: number,
): LocalOutcome {
  const byScore: Tier = prompt.winRate >= 0.6 ? 'strong' : 'weak';
  const byCoin: Tier = random() < 0.5 ? 'strong' : 'weak';
  const tier = random() < explore ? byCoin : byScore;
  const propensity = tier === byScore ? 1 - explore / 2 : explore / 2;
  const value = random() < qualities[tier] ? 1 : 0;
  return { ...prompt, strongWin: null, rating: { tier, value, propensity } };
}
