import { driftJson } from '../routing/drift-json.ts';
import type { Router } from '../routing/router.ts';
import type { WatchedScores } from '../routing/score-watch.ts';
import type { CurrentThreshold } from '../routing/thresholds.ts';
import type { Serving } from './serving.ts';

/** A router as it stands now, for `/health` and `/metrics`. */
export interface RouterReading extends CurrentThreshold {
  readonly name: string;
  readonly version: string;
  readonly targetStrongShare: number | null;
  readonly recent: WatchedScores;
}

export function readRouter(router: Router, serving: Serving): RouterReading {
  const { thresholds, targetStrongShare, watch } = serving;
  const { name, version } = router;
  return {
    ...{ name, version, targetStrongShare },
    ...thresholds.current(router),
    recent: watch.read(version),
  };
}

/** In the words of the API. */
export function routerJson(reading: RouterReading) {
  const { name, version, threshold, origin, targetStrongShare, recent } = reading;
  const { scores, strongShare, drift } = recent;
  return {
    ...{ name, version, threshold, origin },
    target_strong_share: targetStrongShare,
    recent: { scores, strong_share: strongShare },
    drift: drift && driftJson(drift, drift.reference),
  };
}
