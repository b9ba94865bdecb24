import { ConfigError } from '../errors.ts';
import { sorted } from '../math/quantile.ts';
import {
  leastDriftScores,
  measureDrift,
  type Drift,
  type ScoreReference,
} from '../routing/drift.ts';
import { driftJson } from '../routing/drift-json.ts';
import { openLogQueries } from '../store/log-queries.ts';
import type { CliIo } from './cli-io.ts';

export interface DriftOptions {
  /** The log database. */
  readonly db: string;
  readonly router: string;
  /** How many of the newest scores are compared. */
  readonly newest: number;
  readonly json: boolean;
}

/**
 * Compares the newest scores of the log with those that the applied calibration was found from;
 * only scores later than it, since the earlier ones are those.
 *
 * @throws ConfigError without a log, a scored request, a calibration, or enough scores since
 */
export function showDrift(options: DriftOptions, io: Pick<CliIo, 'stdout'>): void {
  const { db, router, newest, json } = options;
  const log = openLogQueries(db);
  try {
    const latest = log.latestVersion(router);
    if (latest === null) throw new ConfigError(`The log ${db} has no score of router ${router}.`);
    const { routerVersion } = latest;
    const applied = log.appliedThreshold(router, routerVersion);
    if (applied === null || applied.scoreDeciles === null) {
      throw new ConfigError(
        `No calibration that drift could be measured against is applied for router ${router}, ` +
          `version ${routerVersion}: run pointsman calibrate --apply.`,
      );
    }
    const { scoreDeciles: deciles, prompts, appliedAtUtc: sinceUtc } = applied;
    const reference = { origin: 'calibration', deciles, scores: prompts, sinceUtc } as const;
    const scores = sorted(log.scoresAfter(router, routerVersion, sinceUtc, newest));
    if (scores.length < leastDriftScores) {
      throw new ConfigError(
        `Too few to tell drift from chance: ${scores.length} scores since the calibration of ` +
          `${sinceUtc}; ${leastDriftScores} are needed, ${leastDriftScores - scores.length} more.`,
      );
    }
    const drift = measureDrift(scores, reference);
    if (drift === null) {
      throw new ConfigError('So many scores are the same that no bins are left to compare.');
    }
    const named = { router, router_version: routerVersion, ...driftJson(drift, reference) };
    io.stdout.write(json ? `${JSON.stringify(named)}\n` : driftText(router, drift, reference));
  } finally {
    log.close();
  }
}

const advice = {
  stable: 'Stable: no more than chance, or less than matters.',
  moderate: 'Moderate drift: look at the share of strong calls, and calibrate again soon.',
  major: 'Major drift: calibrate again (pointsman calibrate --apply).',
} as const;

function driftText(router: string, drift: Drift, { scores, sinceUtc }: ScoreReference): string {
  const { level, psi, psiExpected, psiNoise, ks, ksP, bins } = drift;
  const significance = ksP < 0.0001 ? 'p < 0.0001' : `p = ${ksP.toFixed(4)}`;
  return (
    `${advice[level]}\n` +
    `  the last ${drift.scores} scores of ${router} against the ${scores} calibrated on (applied ${sinceUtc})\n` +
    `  PSI ${psi.toFixed(3)} over ${bins} bins; by chance ${psiExpected.toFixed(3)} on average, over ${psiNoise.toFixed(3)} once in 1,000\n` +
    `  KS distance ${ks.toFixed(3)}, ${significance}\n`
  );
}
