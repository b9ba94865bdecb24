import { ConfigError } from '../errors.ts';
import { fewestTelling, learnHead, type LearnedHead } from '../learning/learn-head.ts';
import { headVersionOf, writeLocalHead } from '../routing/local-head.ts';
import { applyHead } from '../store/apply-head.ts';
import type { HeadReport } from '../store/head-report.ts';
import type { CliIo } from './cli-io.ts';
import {
  moveThreshold,
  presentStrongShare,
  readLoggedPair,
  type LoggedPair,
} from './logged-pair.ts';
import { headReport, trainLogText } from './train-log-text.ts';

export interface TrainLogOptions {
  readonly db: string;
  readonly router: string;
  readonly seed: number;
  readonly apply: boolean;
  readonly json: boolean;
}

/** How long `--apply` waits for a running server. */
const takeUpMs = 2_000;

/**
 * `pointsman train` without `--data`: fits a local head to the outcomes of the log and says whether
 * it is better than the present one beyond noise.
 *
 * @returns exit code: 1 when it is not, or when too few outcomes can tell; nothing is stored then
 * @throws ConfigError when the log has nothing to learn from
 */
export async function runTrainLog(
  { db, router, seed, apply, json }: TrainLogOptions,
  io: Pick<CliIo, 'stdout'>,
  waitMs = takeUpMs,
): Promise<number> {
  const pair = readLoggedPair(db, router);
  if (pair.outcomes.length === 0) throw noOutcomes(db, pair);
  const strongShare = presentStrongShare(pair);
  const present = pair.present?.head ?? null;
  const learned = learnHead({ outcomes: pair.outcomes, present, strongShare, seed });
  const isBetter = learned.comparison?.isBetter === true;
  const result = resultOf(pair, learned, seed);
  const isTakenUp = apply && isBetter ? await store(db, pair, result, waitMs) : null;
  const { report } = result;
  const applied = { isApplied: isTakenUp !== null, isTakenUp, waitMs };
  if (json) {
    const fields = { applied: applied.isApplied, taken_up: isTakenUp };
    io.stdout.write(`${JSON.stringify({ ...report, ...fields })}\n`);
  } else io.stdout.write(trainLogText(report, applied));
  return isBetter ? 0 : 1;
}

interface Result {
  readonly report: HeadReport;
  readonly bytes: Uint8Array;
  readonly moved: ReturnType<typeof moveThreshold>;
}

function resultOf(pair: LoggedPair, learned: LearnedHead, seed: number): Result {
  const { baseVersion, embedderId } = pair;
  const { head } = learned.fitted;
  const bytes = writeLocalHead({ head, baseVersion, embedderId });
  const moved = moveThreshold(pair, head);
  const versions = {
    headVersion: headVersionOf(baseVersion, bytes),
    presentVersion: pair.present?.version ?? baseVersion,
  };
  return { bytes, moved, report: headReport(pair, learned, { ...versions, moved, seed }) };
}

function store(
  db: string,
  { router, baseVersion }: LoggedPair,
  { report, bytes, moved }: Result,
  waitMs: number,
): Promise<boolean> {
  const headVersion = report.head_version;
  const reportJson = JSON.stringify(report);
  return applyHead(
    db,
    { router, baseVersion, headVersion, weights: bytes, reportJson },
    { router, routerVersion: headVersion, goal: 'strong_share', ...moved },
    { waitMs, pollMs: 25 },
  );
}

function noOutcomes(db: string, { router, traffic }: LoggedPair): ConfigError {
  return new ConfigError(
    `The log ${db} has ${traffic.length} scored requests of router ${router} with vectors, and no ` +
      `outcome of any: at least ${fewestTelling} are needed. Send feedback (POST /v1/router/feedback), compare ` +
      'answers with `pointsman label`, or train on a file of outcomes with --data FILE.',
  );
}
