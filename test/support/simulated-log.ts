import type { CalibrationRow } from '../../src/calibration/calibration-row.ts';
import type { Random } from '../../src/math/random.ts';

/** A world whose truth is known: a prompt of score x is answered well with these probabilities. */
export const simulatedWorld = {
  strong: (x: number): number => 0.9 - 0.2 * x * x,
  weak: (x: number): number => 0.85 - 0.6 * x,
};

export interface LogSettings {
  readonly requests: number;
  /** Scores at or above it go to strong but for exploration. */
  readonly threshold: number;
  /** Share of requests whose tier is drawn, both tiers as likely. */
  readonly exploration: number;
  /** How likely an answer is rated, by tier and score; 0 without. */
  readonly rating?: (tier: 'strong' | 'weak', x: number) => number;
  /** Share of requests of which both answers are compared. */
  readonly comparison?: number;
}

/** Scored requests, the score being uniform in 0..1; a strong call costs 2000 nano-dollars and more. */
export function simulateLog(settings: LogSettings, random: Random): CalibrationRow[] {
  const { requests, threshold, exploration, rating = () => 0, comparison = 0 } = settings;
  return Array.from({ length: requests }, () => {
    const score = random();
    const usual = score >= threshold ? 'strong' : 'weak';
    const isDrawn = random() < exploration;
    const drawn = random() < 0.5 ? 'strong' : 'weak';
    const tier = isDrawn ? drawn : usual;
    const good = {
      strong: random() < simulatedWorld.strong(score) ? 1 : 0,
      weak: random() < simulatedWorld.weak(score) ? 1 : 0,
    };
    const promptTokens = 10 + Math.floor(90 * random());
    return {
      ...{ score, tier, promptTokens },
      fellBack: false,
      propensity: tier === usual ? 1 - exploration / 2 : exploration / 2,
      promptChars: 4 * promptTokens,
      costNanoUsd: (tier === 'strong' ? 2000 : 100) + promptTokens * (tier === 'strong' ? 10 : 1),
      explicit: random() < rating(tier, score) ? good[tier] : null,
      strongWin: random() < comparison ? (1 + good.strong - good.weak) / 2 : null,
      cluster: null,
    };
  });
}

/** Mean of f over scores from `low` to `high`, times their share. */
export function integral(f: (x: number) => number, low: number, high: number): number {
  const steps = 1000;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += f(low + ((i + 0.5) / steps) * (high - low));
  return (sum / steps) * (high - low);
}

/** Quality of "strong at or above t" in this world. */
export function trueQuality(t: number): number {
  return integral(simulatedWorld.weak, 0, t) + integral(simulatedWorld.strong, t, 1);
}

export function truePgr(t: number): number {
  const [weak, strong] = [trueQuality(1), trueQuality(0)];
  return (trueQuality(t) - weak) / (strong - weak);
}
