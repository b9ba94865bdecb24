import { quantile, sorted } from '../math/quantile.ts';
import type { CalibrationRow } from './calibration-row.ts';
import { curve, type Curve, type CurveOptions, type CurvePoint } from './curve.ts';
import { standardErrorOf, type Estimate } from './interval.ts';
import {
  outcomesForAdvantage,
  outcomesForAdvantageAtWorst,
  outcomesForWidth,
} from './needed-outcomes.ts';
import { fewestOutcomes } from './quality-sources.ts';

/** A refusal: the outcomes do not carry an answer. */
export interface Refusal {
  readonly reason:
    | 'no_outcomes'
    | 'no_exploration'
    | 'unlike_propensities'
    | 'too_few'
    | 'no_advantage'
    | 'too_wide'
    | 'no_costs'
    | 'few_costs'
    | 'over_budget';
  /** Labelled outcomes that there are; for a goal in money, requests, or the costs of the rarer tier. */
  readonly have: number;
  /** How many are needed in all, as far as those at hand tell; null where more would not help. */
  readonly needed: number | null;
}

export interface GoalResult {
  readonly curve: Curve;
  /** Null when refused. */
  readonly chosen: CurvePoint | null;
  /**
   * Where the estimate alone, without regard to its interval, meets the goal; null when it is not
   * known.
   */
  readonly byEstimate: CurvePoint | null;
  readonly refusal: Refusal | null;
}

export interface GoalOptions extends CurveOptions {
  /**
   * Widest half width of the interval that is an answer: of PGR, or relative to the cost.
   * Default 0.1.
   */
  readonly within?: number;
}

export const defaultWithin = 0.1;

/** Thresholds that are tried, by the share of strong calls: 1, 0.99 … 0. */
const steps = 100;

/**
 * The highest threshold that keeps at least `target` of the strong model's advantage with confidence:
 * from always-strong down, as long as the 95 % interval of PGR stays at or above the target. Tests
 * in a fixed order, each at the same level, need no correction for their number (Bauer 1991; Angelopoulos et al.
 * 2021, "Learn then Test", arXiv:2110.01052, fixed sequence testing): PGR is below the
 * target with a probability of at most 2.5 %.
 * @param target 0..1
 */
export function findQualityThreshold(
  rows: readonly CalibrationRow[],
  target: number,
  { within = defaultWithin, ...options }: GoalOptions = {},
): GoalResult {
  const found = curve(rows, thresholdsByShare(rows), options);
  const have = outcomesOf(found);
  const refuse = (
    reason: Refusal['reason'],
    needed: number | null,
    byEstimate: CurvePoint | null,
  ) => ({
    ...{ curve: found, chosen: null, byEstimate },
    refusal: { reason, have, needed },
  });
  if (found.quality === null) {
    const reason = found.noQuality ?? 'no_outcomes';
    const isHopeless = reason === 'no_exploration' || reason === 'unlike_propensities';
    return refuse(reason, isHopeless ? null : neededAtWorst(rows, found, options), null);
  }
  const { advantage } = found.quality;
  if (advantage.interval95[0] <= 0) {
    // A strong model that is surely no better needs no more outcomes.
    const isSure = advantage.interval95[1] < 0;
    const needed = outcomesForAdvantage(have, advantage.value, standardErrorOf(advantage));
    return refuse('no_advantage', isSure ? null : Math.max(have + 1, needed), null);
  }
  const falling = found.points.filter(({ pgr }) => pgr !== null);
  const estimated = lastOf(falling, ({ pgr }) => pgr!.value >= target);
  // Always-strong is known to keep all; what comes next tells how much is known.
  const next = falling[falling.indexOf(estimated) + 1] ?? estimated;
  const halfWidth = Math.max(halfWidthOf(estimated.pgr!), halfWidthOf(next.pgr!));
  if (halfWidth > within) {
    return refuse('too_wide', outcomesForWidth(have, halfWidth, within), estimated);
  }
  const chosen = lastOf(falling, ({ pgr }) => pgr!.interval95[0] >= target);
  return { curve: found, chosen, byEstimate: estimated, refusal: null };
}

/**
 * The lowest threshold whose cost for 1000 requests is at most `maxUsd` with confidence: from
 * always-weak up, as long as the 95 % interval of the cost stays at or below it.
 */
export function findCostThreshold(
  rows: readonly CalibrationRow[],
  maxUsd: number,
  { within = defaultWithin, ...options }: GoalOptions = {},
): GoalResult {
  const found = curve(rows, thresholdsByShare(rows), options);
  const rising = [...found.points].reverse();
  const refuse = (reason: Refusal['reason'], needed: number | null, have = rows.length) => ({
    ...{ curve: found, chosen: null, byEstimate: null },
    refusal: { reason, have, needed },
  });
  const [cheapest] = rising;
  if (found.cost === null || cheapest === undefined) {
    const { strong, weak } = found.costed;
    if (strong + weak === 0) return refuse('no_costs', null);
    return refuse('few_costs', fewestOutcomes, Math.min(strong, weak));
  }
  if (cheapest.costPer1kUsd!.value > maxUsd) return refuse('over_budget', null);
  const byEstimate = lastOf(rising, ({ costPer1kUsd }) => costPer1kUsd!.value <= maxUsd);
  const { value } = byEstimate.costPer1kUsd!;
  const halfWidth = halfWidthOf(byEstimate.costPer1kUsd!) / value;
  if (halfWidth > within || cheapest.costPer1kUsd!.interval95[1] > maxUsd) {
    const spare = Math.max(1e-9, maxUsd / cheapest.costPer1kUsd!.value - 1);
    const wanted = Math.min(within, Math.max(spare, within / 10));
    return refuse(
      'too_wide',
      Math.max(rows.length + 1, outcomesForWidth(rows.length, halfWidth, wanted)),
    );
  }
  const chosen = lastOf(rising, ({ costPer1kUsd }) => costPer1kUsd!.interval95[1] <= maxUsd);
  return { curve: found, chosen, byEstimate, refusal: null };
}

/**
 * Falling share: always-strong (threshold 0), the quantiles of the scores, always-weak. Where scores
 * tie, thresholds do; each is there once.
 */
export function thresholdsByShare(rows: readonly CalibrationRow[]): number[] {
  if (rows.length === 0) return [];
  const scores = sorted(rows.map(({ score }) => score));
  const inside = Array.from({ length: steps - 1 }, (_, i) => quantile(scores, (i + 1) / steps));
  return [...new Set([0, ...inside, aboveAll(scores)])];
}

/** A threshold that no score reaches; the highest score when that is 1. */
function aboveAll(scores: Float64Array): number {
  const highest = scores.at(-1)!;
  return highest < 1 ? 1 : highest;
}

export function outcomesOf({ sources }: Pick<Curve, 'sources'>): number {
  return sources.reduce((sum, { outcomes }) => sum + outcomes, 0);
}

/** The last point before the first that does not pass; the first point always does. */
function lastOf(points: readonly CurvePoint[], passes: (point: CurvePoint) => boolean): CurvePoint {
  const failed = points.findIndex((point, i) => i > 0 && !passes(point));
  return points[failed < 0 ? points.length - 1 : failed - 1]!;
}

function halfWidthOf({ interval95: [low, high] }: Estimate): number {
  return (high - low) / 2;
}

/** Before there is anything to measure an error by: the cheaper kind, at worst. */
function neededAtWorst(
  rows: readonly CalibrationRow[],
  { evidence }: Curve,
  { outcomes = 'all' }: CurveOptions,
): number | null {
  const isExplored = evidence.explicit.strong + evidence.explicit.weak > 0;
  const isJudged = outcomes === 'judged' || (outcomes === 'all' && !isExplored);
  return outcomesForAdvantageAtWorst(rows, isJudged ? 'judged' : 'explicit');
}
