import { ConfigError } from '../errors.ts';
import { sorted } from '../math/quantile.ts';
import {
  leastDriftScores,
  measureDrift,
  type Drift,
  type ScoreReference,
} from '../routing/drift.ts';
import { driftJson } from '../routing/drift-json.ts';
import { calibrationReference, weightsReference } from '../score-reference.ts';
import { openLogQueries, type LoggedVersion } from '../store/log-queries.ts';
import type { CliIo } from './cli-io.ts';
import type { CreateScorer, Scorer } from './scorer.ts';

export interface DriftOptions {
  /** The log database. */
  readonly db: string;
  readonly router: string;
  /** How many of the newest scores are compared. */
  readonly newest: number;
  readonly json: boolean;
  /** The pair of the server; else that of the log. */
  readonly strongModel?: string | undefined;
  readonly weakModel?: string | undefined;
}

export interface DriftDeps {
  /** Used without a calibration only. */
  readonly createScorer: CreateScorer;
}

/**
 * Compares the newest scores of the log with those that the applied calibration was found from;
 * only scores later than it, since the earlier ones are those. Without a calibration, with the
 * traffic that the router's weights bring along, as the server does.
 *
 * @throws ConfigError without a log, a scored request, a reference, or enough scores
 */
export async function showDrift(
  options: DriftOptions,
  io: Pick<CliIo, 'stdout'>,
  deps: DriftDeps,
): Promise<void> {
  const { db, router, newest, json } = options;
  const log = openLogQueries(db);
  try {
    const latest = log.latestVersion(router);
    if (latest === null) throw new ConfigError(`The log ${db} has no score of router ${router}.`);
    const { routerVersion } = latest;
    const applied = log.appliedThreshold(router, routerVersion);
    const reference =
      (applied && calibrationReference(applied)) ?? (await ofWeights(latest, options, deps));
    const { sinceUtc } = reference;
    const scores = sorted(
      sinceUtc === null
        ? log.scoresOf(router, routerVersion, newest)
        : log.scoresAfter(router, routerVersion, sinceUtc, newest),
    );
    if (scores.length < leastDriftScores) {
      const since = sinceUtc === null ? '' : ` since the calibration of ${sinceUtc}`;
      throw new ConfigError(
        `Too few to tell drift from chance: ${scores.length} scores${since}; ` +
          `${leastDriftScores} are needed, ${leastDriftScores - scores.length} more.`,
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

/** @throws ConfigError when the router that was logged is not at hand, or brings no traffic along */
async function ofWeights(
  { routerVersion, ...logged }: LoggedVersion,
  { router, ...named }: DriftOptions,
  { createScorer }: DriftDeps,
): Promise<ScoreReference> {
  const refusal = (why: string): ConfigError =>
    new ConfigError(
      `No calibration that drift could be measured against is applied for router ${router}, version ` +
        `${routerVersion}: run pointsman calibrate --apply. Nor is there traffic of its weights: ${why}.`,
    );
  const strongModel = named.strongModel ?? logged.strongModel;
  const weakModel = named.weakModel ?? logged.weakModel;
  if (strongModel === null || weakModel === null) {
    const tier = strongModel === null ? 'strong' : 'weak';
    throw refusal(`the log has no answer of ${tier}; name the file of the server with --config`);
  }
  let scorer: Scorer;
  try {
    scorer = await createScorer({ router, strongModel, weakModel });
  } catch (error) {
    throw error instanceof ConfigError ? refusal(error.message) : error;
  }
  try {
    const reference = weightsReference(scorer.router);
    if (reference === null) throw refusal('they bring none along');
    if (scorer.router.version === routerVersion) return reference;
    throw refusal(
      `with ${strongModel} and ${weakModel} it is version ${scorer.router.version}; name the file of ` +
        'the server with --config',
    );
  } finally {
    await scorer.close();
  }
}

const advice = {
  stable: () => 'Stable: no more than chance, or less than matters.',
  moderate: (calibrate: string) =>
    `Moderate drift: look at the share of strong calls, and ${calibrate} soon.`,
  major: (calibrate: string) => `Major drift: ${calibrate} (pointsman calibrate --apply).`,
} as const;

function driftText(router: string, drift: Drift, { scores, sinceUtc }: ScoreReference): string {
  const { level, psi, psiExpected, psiNoise, ks, ksP, bins } = drift;
  const significance = ksP < 0.0001 ? 'p < 0.0001' : `p = ${ksP.toFixed(4)}`;
  const isCalibrated = sinceUtc !== null;
  const against = isCalibrated
    ? `calibrated on (applied ${sinceUtc})`
    : 'that the weights bring along';
  return (
    `${advice[level](isCalibrated ? 'calibrate again' : 'calibrate')}\n` +
    `  the last ${drift.scores} scores of ${router} against the ${scores} ${against}\n` +
    `  PSI ${psi.toFixed(3)} over ${bins} bins; by chance ${psiExpected.toFixed(3)} on average, over ${psiNoise.toFixed(3)} once in 1,000\n` +
    `  KS distance ${ks.toFixed(3)}, ${significance}\n`
  );
}
