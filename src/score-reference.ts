import type { ScoreReference } from './routing/drift.ts';
import type { Router } from './routing/router.ts';
import type { AppliedThreshold } from './store/request-record.ts';

/** The scores that a threshold was found from; null for one of an older version, which kept none. */
export function calibrationReference(applied: AppliedThreshold): ScoreReference | null {
  const { scoreDeciles: deciles, prompts: scores, appliedAtUtc: sinceUtc } = applied;
  return deciles && { origin: 'calibration', deciles, scores, sinceUtc };
}

/** The traffic that the router's weights bring along; null where they bring none. */
export function weightsReference({
  trafficScores,
}: Pick<Router, 'trafficScores'>): ScoreReference | null {
  return trafficScores ? { origin: 'weights', ...trafficScores, sinceUtc: null } : null;
}
