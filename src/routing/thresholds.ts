import type { Router } from './router.ts';

/** Where a threshold comes from: the operator, a calibration on logged scores, or the weights. */
export type ThresholdOrigin = 'configured' | 'calibrated' | 'default';

export interface CurrentThreshold {
  readonly threshold: number;
  readonly origin: ThresholdOrigin;
}

/** The tier boundaries in force; `apply` changes one while the server runs. */
export interface Thresholds {
  current(router: Router): CurrentThreshold;
  /** A calibration applied for this very router version; takes effect with the next decision. */
  apply(routerVersion: string, threshold: number): void;
}

/**
 * A calibration applied while the server runs wins; before that what the operator configured;
 * else the calibration stored for the router's version; else the default of its weights.
 *
 * @param configured from `--threshold` or the config file; null when the operator gave none
 */
export function createThresholds(
  configured: number | null,
  stored: ReadonlyMap<string, number> = new Map(),
): Thresholds {
  const applied = new Map<string, number>();
  return {
    current(router) {
      const live = applied.get(router.version);
      if (live !== undefined) return { threshold: live, origin: 'calibrated' };
      if (configured !== null) return { threshold: configured, origin: 'configured' };
      const calibrated = stored.get(router.version);
      if (calibrated !== undefined) return { threshold: calibrated, origin: 'calibrated' };
      return { threshold: router.defaultThreshold, origin: 'default' };
    },
    apply(routerVersion, threshold) {
      applied.set(routerVersion, threshold);
    },
  };
}
