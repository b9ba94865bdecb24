import type { Drift, ScoreReference } from './drift.ts';

/** In the words of the API: `/health` and `pointsman drift --json`. */
export function driftJson(drift: Drift, reference: ScoreReference) {
  return {
    level: drift.level,
    psi: drift.psi,
    psi_expected: drift.psiExpected,
    psi_noise: drift.psiNoise,
    ks: drift.ks,
    ks_p: drift.ksP,
    scores: drift.scores,
    bins: drift.bins,
    reference: {
      origin: reference.origin,
      scores: reference.scores,
      since: reference.sinceUtc,
    },
  };
}
