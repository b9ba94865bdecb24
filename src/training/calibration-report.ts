import { createHash } from 'node:crypto';
import { pairScorer, type WinRateParameters } from '../routing/matrix-factorization.ts';
import type { RouterWeights } from '../routing/router-weights.ts';
import { calibrationError } from './evaluate-metrics.ts';
import type { ModelPair } from './dev-report.ts';
import type { Outcome } from './outcomes.ts';

export interface PairCalibration {
  readonly strong: string;
  readonly weak: string;
  readonly prompts: number;
  /** Expected calibration error with lines that were fitted on the other half. */
  readonly crossFitted: number;
}

export interface CalibrationReport {
  /**
   * All reported pairs together, every comparison of a pair on a prompt counting once; null without pairs, or
   * where all questions are in one half.
   */
  readonly crossFitted: number | null;
  /** With the shipped line, fitted on these very rows: flattering. */
  readonly sameRows: number | null;
  readonly pairs: readonly PairCalibration[];
}

/** 0 or 1: a question is in one half, whatever the source. */
export function halfOf({ key }: Pick<Outcome, 'key'>): 0 | 1 {
  const digest = createHash('sha256').update(`calibration:${key}`).digest();
  return (digest[0]! & 1) as 0 | 1;
}

/**
 * How far win rates are from how often strong wins. `fittedOn[h]` is the line fitted on half h of
 * these rows; a row is scored with that of the other half. `factors`: [rows x rank].
 */
export function calibrationReport(
  { head, meanQuality, metadata }: RouterWeights,
  rows: readonly Outcome[],
  factors: Float64Array,
  fittedOn: readonly [WinRateParameters, WinRateParameters],
  pairs: readonly ModelPair[],
): CalibrationReport {
  // All questions in one half: there is no line that has not seen them.
  if (new Set(rows.map(halfOf)).size < 2) return { crossFitted: null, sameRows: null, pairs: [] };
  const all = { crossFitted: [] as number[], sameRows: [] as number[], won: [] as number[] };
  const figures: PairCalibration[] = [];
  for (const [strong, weak] of pairs) {
    const s = metadata.models.indexOf(strong);
    const w = metadata.models.indexOf(weak);
    if (s < 0 || w < 0) continue;
    const scorerOf = (line: WinRateParameters) => pairScorer(head, line, meanQuality, s, w);
    const shipped = scorerOf(metadata.winRate);
    const byOtherHalf = [scorerOf(fittedOn[1]), scorerOf(fittedOn[0])] as const;
    const start = all.won.length;
    for (const [i, row] of rows.entries()) {
      const [ys, yw] = [row.scores[strong], row.scores[weak]];
      if (ys === undefined || yw === undefined) continue;
      const at = i * head.rank;
      all.crossFitted.push(byOtherHalf[halfOf(row)].scoreFactors(factors, at).winRate);
      all.sameRows.push(shipped.scoreFactors(factors, at).winRate);
      all.won.push(ys > yw ? 1 : 0);
    }
    const prompts = all.won.length - start;
    if (prompts === 0) continue;
    const crossFitted = calibrationError(all.crossFitted.slice(start), all.won.slice(start));
    figures.push({ strong, weak, prompts, crossFitted });
  }
  if (figures.length === 0) return { crossFitted: null, sameRows: null, pairs: [] };
  return {
    crossFitted: calibrationError(all.crossFitted, all.won),
    sameRows: calibrationError(all.sameRows, all.won),
    pairs: figures,
  };
}
