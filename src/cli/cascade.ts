import { cascadeEvidence } from '../calibration/cascade-evidence.ts';
import { ConfigError } from '../errors.ts';
import { readCascadeRecords } from '../store/cascade-queries.ts';
import { openLogQueries } from '../store/log-queries.ts';
import { cascadeJson, cascadeText, refusalText } from './cascade-text.ts';
import type { CliIo } from './cli-io.ts';

export interface CascadeOptions {
  /** The log database. */
  readonly db: string;
  readonly router: string;
  /** Mean log-probability under which answers are escalated. */
  readonly bound: number;
  readonly resamples: number;
  readonly json: boolean;
}

/**
 * Shows what the log says about a cascade, of the router version that answered last.
 *
 * @returns exit code: 2 when no kind of outcome has enough to measure the confidence by
 * @throws ConfigError without a log, or where no cascade has asked a weak answer for its confidence
 */
export function showCascade(options: CascadeOptions, io: Pick<CliIo, 'stdout' | 'stderr'>): number {
  const { db, router, bound, resamples, json } = options;
  const routerVersion = latestVersion(db, router);
  const { cascaded, straight } = readCascadeRecords(db, router, routerVersion);
  if (!cascaded.some(({ confidence }) => confidence !== null)) {
    throw new ConfigError(
      `The log ${db} has no request of router ${router}, version ${routerVersion}, in which a cascade knew ` +
        "the weak answer's confidence: serve with --cascade, and a weak model whose upstream gives log-probabilities.",
    );
  }
  const found = cascadeEvidence(cascaded, straight, { bound, resamples });
  const named = { router, routerVersion, found };
  io.stdout.write(json ? cascadeJson(named) : cascadeText(named));
  if (found.kinds.some((kind) => kind.found !== null)) return 0;
  io.stderr.write(`pointsman: ${refusalText(found)}\n`);
  return 2;
}

function latestVersion(db: string, router: string): string {
  const log = openLogQueries(db);
  try {
    const latest = log.latestVersion(router);
    if (latest !== null) return latest.routerVersion;
    throw new ConfigError(`The log ${db} has no score of router ${router}.`);
  } finally {
    log.close();
  }
}
