import { ConfigError } from '../errors.ts';
import { deciles } from '../math/quantile.ts';
import { applyThreshold } from '../store/apply-threshold.ts';
import {
  calibrateThreshold,
  InsufficientData,
  type ThresholdCalibration,
} from '../training/calibrate.ts';
import { calibrationJson, calibrationText, missText } from './calibration-text.ts';
import type { CliIo } from './cli-io.ts';
import { scoresOfFile, scoresOfLog, type ScoreSet } from './score-set.ts';
import type { CreateScorer } from './scorer.ts';

/** Flags as they come from the command line. */
export interface CalibrateOptions {
  /** The log database: scores are read from it, and `apply` writes to it. */
  readonly db: string;
  readonly strongModelPct?: string | undefined;
  readonly router?: string | undefined;
  readonly prompts?: string | undefined;
  readonly strongModel?: string | undefined;
  readonly weakModel?: string | undefined;
  readonly minPrompts?: string | undefined;
  readonly apply?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export interface CalibrateDeps {
  /** Used with `prompts` only. */
  readonly createScorer: CreateScorer;
  /** How long `apply` waits for a running server; 2 s. */
  readonly takeUpMs?: number;
}

/**
 * Finds the threshold that sends the wanted share of prompts to the strong model.
 *
 * @returns exit code: 1 when `apply` was refused, since ties keep the scores from the wanted share
 * @throws ConfigError for wrong flags, an unreadable log or file, or too few prompts
 */
export async function runCalibrate(
  options: CalibrateOptions,
  io: Pick<CliIo, 'stdout' | 'stderr'>,
  deps: CalibrateDeps,
): Promise<number> {
  const router = options.router ?? 'mf';
  const strongShare = parseStrongShare(options.strongModelPct);
  const minimum = parseMinPrompts(options.minPrompts);
  const set =
    options.prompts === undefined
      ? scoresOfLog(options.db, router)
      : await scorePrompts(options.prompts, router, options, io, deps);
  const found = calibrate(set, strongShare, minimum);
  const { threshold, prompts } = found;

  let isTakenUp: boolean | null = null;
  const waitMs = deps.takeUpMs ?? 2_000;
  const isRefused = options.apply === true && !found.isOnTarget;
  if (options.apply === true && !isRefused) {
    const { routerVersion } = set;
    const applied = {
      ...{ router, routerVersion, threshold, strongShare, prompts },
      ...{ goal: 'strong_share', scoreDeciles: deciles(set.scores) },
    };
    isTakenUp = await applyThreshold(options.db, applied, { waitMs, pollMs: 25 });
  }
  const result = { router, strongShare, set, found, isTakenUp, waitMs };
  if (options.json === true) {
    io.stdout.write(calibrationJson(result));
    if (!found.isOnTarget) io.stderr.write(`pointsman: warning: ${missText(result)}`);
  } else io.stdout.write(calibrationText(result));
  return isRefused ? 1 : 0;
}

function scorePrompts(
  file: string,
  router: string,
  { strongModel, weakModel }: CalibrateOptions,
  { stderr }: Pick<CliIo, 'stderr'>,
  { createScorer }: CalibrateDeps,
): Promise<ScoreSet> {
  if (strongModel === undefined || weakModel === undefined) {
    const missing = strongModel === undefined ? '--strong-model' : '--weak-model';
    throw new ConfigError(`--prompts needs ${missing} MODEL too: scores depend on the pair.`);
  }
  return scoresOfFile(file, { router, strongModel, weakModel }, createScorer, stderr);
}

function calibrate(
  { scores, origin, remedy }: ScoreSet,
  strongShare: number,
  minimum: number | null,
): ThresholdCalibration {
  try {
    return calibrateThreshold(scores, strongShare, minimum === null ? {} : { minimum });
  } catch (error) {
    if (!(error instanceof InsufficientData)) throw error;
    const { prompts, needed } = error;
    throw new ConfigError(
      `Too few to calibrate on: ${prompts} ${origin}; ${needed} are needed, ` +
        `${needed - prompts} more. ${remedy}`,
    );
  }
}

function parseStrongShare(text: string | undefined): number {
  if (text === undefined) {
    throw new ConfigError(
      'calibrate needs --strong-model-pct SHARE, the wanted share of strong calls, such as 0.5.',
    );
  }
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  const hint = share > 1 && share <= 100 ? ` For ${share} % write ${share / 100}.` : '';
  throw new ConfigError(`--strong-model-pct ${text} is not a share between 0 and 1.${hint}`);
}

function parseMinPrompts(text: string | undefined): number | null {
  if (text === undefined) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new ConfigError(`--min-prompts ${text} is not a whole number of at least 1.`);
}
