import { nextAbove } from '../math/next-above.ts';
import type { Random } from '../math/random.ts';
import type { Tier } from './decision.ts';
import type { TieredBoundary } from './online-threshold.ts';
import type { Router } from './router.ts';

/**
 * Where a threshold comes from: it follows the traffic to hold a share, the operator set it, a
 * calibration on logged scores found it, or the weights did.
 */
export type ThresholdOrigin = 'online' | 'configured' | 'calibrated' | 'default';

export interface CurrentThreshold {
  readonly threshold: number;
  readonly origin: ThresholdOrigin;
  /** Share of the scores at the threshold that go to strong; without it all, RouteLLM's rule. */
  readonly tieShare?: number;
}

/** Router version -> threshold. */
export type ThresholdTable = ReadonlyMap<string, number>;

/** The tier boundaries in force. */
export interface Thresholds {
  current(router: Pick<Router, 'version' | 'defaultThreshold'>): CurrentThreshold;
}

export interface ThresholdSources {
  /** Applied while the server runs; may change at any time. */
  readonly applied: ThresholdTable;
  /** The boundary that holds the wanted share; null while too few scores are known, or always. */
  readonly online: (routerVersion: string) => TieredBoundary | null;
  /** From `--threshold` or the config file; null when the operator gave none. */
  readonly configured: number | null;
  /** The calibrations that the log held at start. */
  readonly stored: ThresholdTable;
}

/**
 * The latest word wins: a calibration applied while the server runs, before that what the operator
 * configured (a threshold, or a share that one is found for), else the calibration stored for the
 * router's version, else the weights' own.
 */
export function createThresholds({
  applied,
  online,
  configured,
  stored,
}: ThresholdSources): Thresholds {
  return {
    current(router) {
      const live = applied.get(router.version);
      if (live !== undefined) return { threshold: live, origin: 'calibrated' };
      const held = online(router.version);
      if (held !== null) return { ...held, origin: 'online' };
      if (configured !== null) return { threshold: configured, origin: 'configured' };
      const calibrated = stored.get(router.version);
      if (calibrated !== undefined) return { threshold: calibrated, origin: 'calibrated' };
      return { threshold: router.defaultThreshold, origin: 'default' };
    },
  };
}

/** What a score against a boundary gives. */
export interface Compared {
  readonly tier: Tier;
  /** The boundary used: `score >= threshold` says the tier also where a tie was broken. */
  readonly threshold: number;
  /** How likely this tier was: below 1 for a broken tie only. */
  readonly propensity: number;
}

/**
 * RouteLLM's rule: a score at the threshold goes to strong. Where many scores are the same, no
 * boundary gives the wanted share; then one of two is drawn, at their value and just above it.
 */
export function compareScore(
  score: number,
  { threshold, tieShare = 1 }: Pick<CurrentThreshold, 'threshold' | 'tieShare'>,
  random: Random,
): Compared {
  if (score !== threshold || tieShare === 1) {
    return { tier: tierOf(score, threshold), threshold, propensity: 1 };
  }
  return random() < tieShare
    ? { tier: 'strong', threshold, propensity: tieShare }
    : { tier: 'weak', threshold: nextAbove(threshold), propensity: 1 - tieShare };
}

/** RouteLLM's rule: a score at the threshold goes to the strong model. */
export function tierOf(score: number, threshold: number): Tier {
  return score >= threshold ? 'strong' : 'weak';
}
