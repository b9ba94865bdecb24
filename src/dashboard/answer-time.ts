import type { SpeedSums } from '../store/traffic-queries.ts';

/** How long a tier takes for an answer of x tokens: `base + perToken * x` milliseconds. */
export interface AnswerTime {
  readonly answers: number;
  readonly baseMs: number;
  readonly msPerToken: number;
}

/** Fewer answers give a line that says nothing. */
export const answersNeeded = 20;

/**
 * The least-squares line of duration over completion tokens. Where the answers are too alike for a
 * slope, or longer ones took less time, the mean duration stands for all.
 */
export function fitAnswerTime({ n, x, y, xx, xy }: SpeedSums): AnswerTime {
  const spread = n * xx - x * x;
  const slope = spread > 0 ? (n * xy - x * y) / spread : 0;
  const msPerToken = Math.max(0, slope);
  const base = (y - msPerToken * x) / n;
  // A line that begins below zero is bent to go through the origin.
  if (base < 0) return { answers: n, baseMs: 0, msPerToken: y / x };
  return { answers: n, baseMs: base, msPerToken };
}

/** Milliseconds that the strong model would have taken longer for the answers of the weak one. */
export function savedMs(strong: AnswerTime, weak: SpeedSums): number {
  return weak.n * strong.baseMs + strong.msPerToken * weak.x - weak.y;
}
