import type { Router } from './router.ts';

/** Where a threshold comes from: the operator, a calibration on logged scores, or the weights. */
export type ThresholdOrigin = 'configured' | 'calibrated' | 'default';

export interface CurrentThreshold {
  readonly threshold: number;
  readonly origin: ThresholdOrigin;
}

/** Router version -> threshold. */
export type ThresholdTable = ReadonlyMap<string, number>;

/** The tier boundaries in force. */
export interface Thresholds {
  current(router: Router): CurrentThreshold;
}

export interface ThresholdSources {
  /** Applied while the server runs; may change at any time. */
  readonly applied: ThresholdTable;
  /** From `--threshold` or the config file; null when the operator gave none. */
  readonly configured: number | null;
  /** The calibrations that the log held at start. */
  readonly stored: ThresholdTable;
}

/**
 * The latest word wins: a calibration applied while the server runs, before that what the operator
 * configured, else the calibration stored for the router's version, else the weights' own.
 */
export function createThresholds({ applied, configured, stored }: ThresholdSources): Thresholds {
  return {
    current(router) {
      const live = applied.get(router.version);
      if (live !== undefined) return { threshold: live, origin: 'calibrated' };
      if (configured !== null) return { threshold: configured, origin: 'configured' };
      const calibrated = stored.get(router.version);
      if (calibrated !== undefined) return { threshold: calibrated, origin: 'calibrated' };
      return { threshold: router.defaultThreshold, origin: 'default' };
    },
  };
}
