// The result of an evaluation: what `--json` prints, and what tables and pictures are drawn from.
import type { CurvePoint, ReliabilityBin } from '../training/evaluate-metrics.ts';
import type { ContenderKind } from './contenders.ts';
import type { PercentileEstimate } from '../training/question-bootstrap.ts';

/** Parts of the gap for which the share of strong calls is reported: CPT20, CPT50, CPT80. */
export const recoveries = [0.2, 0.5, 0.8] as const;

export interface Calls {
  /** Part of the gap between the models, 0..1. */
  readonly recovered: number;
  /** Share of strong calls at which it is first reached; null: never. */
  readonly share: PercentileEstimate;
  /** At that share, with estimated tokens; null without prices. */
  readonly usdPer1000: number | null;
  /** Part of the cost of always strong that is saved. */
  readonly saving: number | null;
}

export interface BandPoint {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

export interface TableRow {
  readonly name: string;
  readonly kind: ContenderKind;
  /** Null for always-weak and always-strong, which are points and no curves. */
  readonly apgr: PercentileEstimate | null;
  /** Area under the curve of quality over the share of strong calls. */
  readonly area: number;
  readonly calls: readonly Calls[];
  /** Mean cost where it is one point: always-weak and always-strong. */
  readonly usdPer1000: number | null;
  readonly curve: readonly CurvePoint[];
  /** 95 % of the resampled curves at 21 shares. */
  readonly band: readonly BandPoint[];
}

/** APGR of a router less that of a floor, on the same resamples. */
export interface Difference {
  readonly router: string;
  readonly floor: string;
  readonly apgr: PercentileEstimate;
}

export interface CalibrationBin extends ReliabilityBin {
  readonly frequency95: PercentileEstimate['interval95'];
}

/** The score read as the probability that the strong answer scores strictly higher. */
export interface Calibration {
  readonly router: string;
  readonly prompts: number;
  /** Expected calibration error over 10 bins. */
  readonly error: PercentileEstimate;
  /** What it is on average where the scores are the true probabilities: no error, but few prompts. */
  readonly errorByChance: number;
  readonly bins: readonly CalibrationBin[];
  /** Share of the prompts by score, 20 bins of equal width. */
  readonly histogram: readonly number[];
}

export interface Table {
  /** A source, or "pooled": several, each with equal weight. */
  readonly source: string;
  readonly prompts: number;
  readonly questions: number;
  readonly quality: { readonly weak: number; readonly strong: number; readonly oracle: number };
  /** Quality of strong less that of weak. Where its interval holds 0, APGR means nothing. */
  readonly gap: PercentileEstimate;
  /** Best APGR first. */
  readonly rows: readonly TableRow[];
  readonly differences: readonly Difference[];
  readonly calibration: readonly Calibration[];
}

export interface PairEvaluation {
  readonly strong: string;
  readonly weak: string;
  /** Stand-ins, sources left out, tiny samples: in sentences. */
  readonly notes: readonly string[];
  readonly sources: readonly {
    readonly source: string;
    readonly prompts: number;
    readonly isPooled: boolean;
  }[];
  /** All sources as one set, each with equal weight. */
  readonly pooled: Table;
  /** None where no source has enough rows. */
  readonly bySource: readonly Table[];
}

export interface Evaluation {
  readonly formatVersion: 1;
  readonly data: { readonly name: string; readonly prompts: number };
  /** How the floors by source and topic learned their gaps. */
  readonly topicsFrom: string;
  readonly resamples: number;
  readonly seed: number;
  readonly routers: readonly string[];
  readonly pairs: readonly PairEvaluation[];
  /** Mean of the pooled APGR over the pairs. */
  readonly means: readonly { readonly name: string; readonly apgr: number | null }[];
  /** All rows of all pairs together, each with the weight 1. */
  readonly calibration: readonly Calibration[];
}
