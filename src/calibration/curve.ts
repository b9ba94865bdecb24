import { seededRandom } from '../math/random.ts';
import type { CalibrationRow, OutcomeChoice } from './calibration-row.ts';
import { costSource, countCosts, type CostBasis } from './cost-source.ts';
import { createClusterDraw } from './draw-clusters.ts';
import type { Estimate } from './interval.ts';
import {
  advantageFigure,
  pgrGainFigure,
  qualityFigure,
  strongFigure,
  weakFigure,
} from './linear-figure.ts';
import {
  findEvidence,
  qualitySources,
  type Evidence,
  type NoQuality,
  type QualitySource,
} from './quality-sources.ts';
import {
  createPolicies,
  estimateOf,
  mixSamples,
  pgrOf,
  samplePolicies,
  type Policies,
  type Samples,
} from './sample-policies.ts';

export interface CurveOptions {
  /** Default `all`: what there is, the more exact kind counting for more. */
  readonly outcomes?: OutcomeChoice;
  /** Bootstrap resamples; 1000. */
  readonly resamples?: number;
  readonly seed?: number;
  /** Told after each resample. */
  readonly onResample?: () => void;
}

/** What one threshold does. */
export interface CurvePoint {
  readonly threshold: number;
  /** Share of the requests that it sends to strong, 0..1. */
  readonly share: number;
  /** Mean quality of the answers, 0..1; null when no outcome tells. */
  readonly quality: Estimate | null;
  /** (quality - weak) / (strong - weak), the share of the advantage that is kept. */
  readonly pgr: Estimate | null;
  /** US dollars for 1000 requests; null when costs are not known. */
  readonly costPer1kUsd: Estimate | null;
  readonly savedAgainstStrongUsd: Estimate | null;
  readonly extraAgainstWeakUsd: Estimate | null;
  /** Rules that know nothing, sending as many requests to strong: PGR, and by how much it is beaten. */
  readonly floors: {
    /** The longest prompts to strong; null where lengths are not known. */
    readonly length: { readonly pgr: Estimate; readonly gain: Estimate } | null;
    /** Chance: its PGR is the share. */
    readonly random: { readonly pgr: number; readonly gain: Estimate } | null;
  };
}

export interface Curve {
  readonly evidence: Evidence;
  /** The kinds of outcomes behind the qualities, with their weights; they add up to 1. */
  readonly sources: readonly {
    readonly name: QualitySource['name'];
    readonly outcomes: number;
    readonly weight: number;
    readonly advantage: Estimate;
  }[];
  /** Why there is no quality; null when there is. */
  readonly noQuality: NoQuality | null;
  readonly quality: {
    readonly weak: Estimate;
    readonly strong: Estimate;
    /** strong - weak. */
    readonly advantage: Estimate;
  } | null;
  /** Answers of each tier whose cost is known. */
  readonly costed: { readonly strong: number; readonly weak: number };
  /** For 1000 requests; null when costs are not known. */
  readonly cost: {
    readonly basis: CostBasis;
    readonly weakUsd: Estimate;
    readonly strongUsd: Estimate;
  } | null;
  /** In the order of the thresholds that were asked for. */
  readonly points: readonly CurvePoint[];
}

/**
 * What each threshold would have done on these requests: share, quality, cost, with 95 % bootstrap
 * intervals (requests resampled by cluster). The value of a threshold t is
 * V(t) = mean over requests of E[quality of the chosen tier's answer]; estimators: docs/calibration.md.
 * @param rows all scored requests, with outcomes or without; only labelled ones say what quality is
 * @param thresholds finite, in any order
 */
export function curve(
  rows: readonly CalibrationRow[],
  thresholds: readonly number[],
  { outcomes = 'all', resamples = 1000, seed = 1, onResample = () => {} }: CurveOptions = {},
): Curve {
  const evidence = findEvidence(rows);
  const { sources, missing } = qualitySources(rows, outcomes);
  const cost = costSource(rows);
  const policies = createPolicies(rows, thresholds, seed);
  const draw = createClusterDraw(
    rows.map(({ cluster }) => cluster),
    seededRandom(seed),
  );
  const all = [...sources, ...(cost === null ? [] : [cost])];
  const samples = samplePolicies(policies, all, draw, resamples, onResample);
  const costSamples = cost === null ? null : samples.at(-1)!;
  const mixed = mixSamples(samples.slice(0, sources.length));
  const quality = mixed?.samples ?? null;
  return {
    evidence,
    sources: sources.map(({ name, outcomes: count }, i) => ({
      ...{ name, outcomes: count, weight: mixed!.weights[i]! },
      advantage: advantageOf(samples[i]!),
    })),
    noQuality: missing,
    quality: quality && {
      weak: estimateOf(quality, ({ weak }) => weak, weakFigure)!,
      strong: estimateOf(quality, ({ strong }) => strong, strongFigure)!,
      advantage: advantageOf(quality),
    },
    costed: countCosts(rows),
    cost: costSamples && {
      basis: cost!.basis,
      weakUsd: estimateOf(costSamples, ({ weak }) => usdPer1k(weak))!,
      strongUsd: estimateOf(costSamples, ({ strong }) => usdPer1k(strong))!,
    },
    points: thresholds.map((threshold) => {
      const k = policies.thresholds.indexOf(threshold);
      const share = shareAt(policies, k);
      return {
        ...{ threshold, share },
        ...qualityPoint(quality, policies, k, share),
        ...costPoint(costSamples, k),
      };
    }),
  };
}

function shareAt({ byScore }: Policies, k: number): number {
  let sent = 0;
  for (const reached of byScore) if (reached > k) sent++;
  return sent / byScore.length;
}

function advantageOf(quality: Samples): Estimate {
  return estimateOf(quality, ({ strong, weak }) => strong - weak, advantageFigure)!;
}

function qualityPoint(
  quality: Samples | null,
  { byScore, byLength }: Policies,
  k: number,
  share: number,
): Pick<CurvePoint, 'quality' | 'pgr' | 'floors'> {
  if (quality === null) {
    return { quality: null, pgr: null, floors: { length: null, random: null } };
  }
  const { at, strong, weak, byLength: lengthAt } = quality.whole;
  const advantage = strong - weak;
  const isSent = (row: number): boolean => byScore[row]! > k;
  const chance = pgrOf(quality, (values) => values.at[k]!, isSent, share);
  let length: CurvePoint['floors']['length'] = null;
  if (byLength !== null && lengthAt !== null) {
    const isLong = (row: number): boolean => byLength[row]! > k;
    const pgr = pgrOf(quality, (values) => values.byLength![k]!, isLong);
    const gain = estimateOf(
      quality,
      (values) => (values.at[k]! - values.byLength![k]!) / (values.strong - values.weak),
      pgrGainFigure(isSent, isLong, (at[k]! - lengthAt[k]!) / advantage, advantage),
    );
    length = pgr && gain && { pgr, gain };
  }
  return {
    quality: estimateOf(quality, (values) => values.at[k]!, qualityFigure(isSent)),
    pgr: pgrOf(quality, (values) => values.at[k]!, isSent),
    floors: { length, random: chance && { pgr: share, gain: chance } },
  };
}

function costPoint(
  cost: Samples | null,
  k: number,
): Pick<CurvePoint, 'costPer1kUsd' | 'savedAgainstStrongUsd' | 'extraAgainstWeakUsd'> {
  if (cost === null) {
    return { costPer1kUsd: null, savedAgainstStrongUsd: null, extraAgainstWeakUsd: null };
  }
  return {
    costPer1kUsd: estimateOf(cost, ({ at }) => usdPer1k(at[k]!)),
    savedAgainstStrongUsd: estimateOf(cost, ({ at, strong }) => usdPer1k(strong - at[k]!)),
    extraAgainstWeakUsd: estimateOf(cost, ({ at, weak }) => usdPer1k(at[k]! - weak)),
  };
}

/** Of a request in 1e-9 dollars. */
function usdPer1k(nanoUsd: number): number {
  return nanoUsd * 1e-6;
}
