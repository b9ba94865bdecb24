// What a cascade does when the weak model's confidence in an answer of quality q is a normal number of mean
// d' q and variance 1 (the equal-variance binormal model: Green, Swets 1966). d' = sqrt(2) Phi^-1(AUROC), the
// AUROC being that between answers of quality 1 and 0; an answer between them lies between. Given q the
// confidence knows nothing more of the prompt. The least confident answers are escalated: with a bound t on the
// confidence an answer of quality q is with probability Phi(t - d' q), so that no chance needs to be drawn.
import { normalCdf, normalQuantile } from '../math/normal.ts';

/** Weight and gain (strong less weak, times weight) of the rows of each weak quality. */
export interface QualityCells {
  readonly weight: Float64Array;
  readonly gain: Float64Array;
}

/** For rising bounds on the confidence: how likely an answer of each quality is escalated. */
export type EscalationTable = readonly Float64Array[];

const [stepsOfBound, tails] = [96, 5];

/**
 * From "none is escalated" to "all are".
 * @param qualities distinct qualities of weak answers, ascending
 * @param auroc above 0, at most 1; at 1 answers are escalated by their quality, and by chance among equal ones
 */
export function escalationTable(qualities: Float64Array, auroc: number): EscalationTable {
  if (auroc === 1) {
    return Array.from({ length: qualities.length + 1 }, (_, escalated) =>
      qualities.map((_q, k) => (k < escalated ? 1 : 0)),
    );
  }
  const dPrime = Math.SQRT2 * normalQuantile(auroc);
  const low = Math.min(0, dPrime) - tails;
  const width = Math.abs(dPrime) + 2 * tails;
  return [
    qualities.map(() => 0),
    ...Array.from({ length: stepsOfBound + 1 }, (_, step) => {
      const bound = low + (step / stepsOfBound) * width;
      return qualities.map((quality) => normalCdf(bound - dPrime * quality));
    }),
    qualities.map(() => 1),
  ];
}

/** Gain of escalating as much weight as is `wanted`; on the straight line between two bounds. */
export function gainOfEscalating(
  table: EscalationTable,
  { weight, gain }: QualityCells,
  wanted: number,
): number {
  const sumAt = (step: number, of: Float64Array): number => {
    const row = table[step]!;
    let sum = 0;
    for (let k = 0; k < row.length; k++) sum += row[k]! * of[k]!;
    return sum;
  };
  let [low, high] = [0, table.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sumAt(middle, weight) < wanted) low = middle;
    else high = middle;
  }
  const [before, after] = [sumAt(low, weight), sumAt(high, weight)];
  const part = after > before ? Math.min(1, Math.max(0, (wanted - before) / (after - before))) : 0;
  return (1 - part) * sumAt(low, gain) + part * sumAt(high, gain);
}
