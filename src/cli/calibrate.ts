import { writeFileSync } from 'node:fs';
import type { CalibrationRow } from '../calibration/calibration-row.ts';
import { curve, type Curve, type CurveOptions } from '../calibration/curve.ts';
import {
  findCostThreshold,
  findQualityThreshold,
  thresholdsByShare,
  type GoalResult,
} from '../calibration/goals.ts';
import { ConfigError } from '../errors.ts';
import { calibrationPicture } from '../evaluation/calibration-picture.ts';
import { deciles } from '../math/quantile.ts';
import { applyThreshold } from '../store/apply-threshold.ts';
import { readCalibrationRows } from '../store/calibration-queries.ts';
import {
  calibrateThreshold,
  InsufficientData,
  type ThresholdCalibration,
} from '../training/calibrate.ts';
import {
  readCurveFlags,
  readGoal,
  type CalibrateOptions,
  type CalibrationGoal,
  type CurveFlags,
} from './calibrate-options.ts';
import { calibrationJson, calibrationText, missText } from './calibration-text.ts';
import type { CliIo } from './cli-io.ts';
import { curveJson } from './curve-json.ts';
import { curveText } from './curve-text.ts';
import { goalJson, goalText, refusalText, type GoalOutput } from './goal-text.ts';
import { withHeadInForce } from './head-in-force.ts';
import { createProgress } from './progress.ts';
import { withPrices, type TierPrices } from './price-rows.ts';
import { scoresOfFile, scoresOfLog, type ScoreSet } from './score-set.ts';
import type { CreateScorer } from './scorer.ts';
import { assertIsNoInput } from './write-whole.ts';

export type { CalibrateOptions } from './calibrate-options.ts';

export interface CalibrateDeps {
  /** Used with `prompts` only. */
  readonly createScorer: CreateScorer;
  /** For requests that were logged without a cost. */
  readonly prices?: TierPrices;
  /** How long `apply` waits for a running server; 2 s. */
  readonly takeUpMs?: number;
}

type Output = Pick<CliIo, 'stdout' | 'stderr'>;

/**
 * Finds the threshold that sends the wanted share of prompts to the strong model, keeps the wanted
 * share of its advantage, or costs no more than wanted.
 *
 * @returns exit code: 1 when `apply` was refused, since ties keep the scores from the wanted share;
 *   2 when the outcomes do not carry an answer
 * @throws ConfigError for wrong flags, an unreadable log or file, or too few prompts
 */
export async function runCalibrate(
  options: CalibrateOptions,
  io: Output,
  deps: CalibrateDeps,
): Promise<number> {
  const router = options.router ?? 'mf';
  const goal = readGoal(options);
  const flags = readCurveFlags(options);
  const { svg, prompts, db } = options;
  if (svg !== undefined)
    assertIsNoInput('--svg', svg, prompts === undefined ? [db] : [prompts, db]);
  if (goal.kind === 'strong_share') return calibrateShare(goal, flags, router, options, io, deps);
  if (options.prompts !== undefined) {
    throw new ConfigError(
      '--prompts has no outcomes: a goal of quality or cost is found from the log (--db).',
    );
  }
  return calibrateGoal(goal, flags, router, options, io, deps);
}

async function calibrateShare(
  goal: CalibrationGoal & { readonly kind: 'strong_share' },
  flags: CurveFlags,
  router: string,
  options: CalibrateOptions,
  io: Output,
  deps: CalibrateDeps,
): Promise<number> {
  const set =
    options.prompts === undefined
      ? scoresOfLog(options.db, router)
      : await scorePrompts(options.prompts, router, options, io, deps);
  const strongShare = goal.share;
  const found = calibrate(set, strongShare, goal.minimum);
  const { threshold, prompts } = found;
  const valued =
    options.prompts === undefined
      ? withProgress(io, flags, (onResample) => {
          const rows = readRows(options, set, router, deps);
          return valueThresholds(rows, threshold, { ...flags, onResample });
        })
      : null;
  if (options.svg !== undefined) writeCurve(options.svg, valued, threshold);

  const waitMs = deps.takeUpMs ?? 2_000;
  const isRefused = options.apply === true && !found.isOnTarget;
  let isTakenUp: boolean | null = null;
  if (options.apply === true && !isRefused) {
    const applied = { threshold, strongShare, prompts, goal: 'strong_share' };
    isTakenUp = await apply(applied, set, router, options, waitMs);
  }
  const result = { router, strongShare, set, found, isTakenUp, waitMs };
  if (options.json === true) {
    const more = valued === null ? {} : { curve: curveJson(valued) };
    io.stdout.write(calibrationJson(result, more));
    if (!found.isOnTarget) io.stderr.write(`pointsman: warning: ${missText(result)}`);
  } else {
    io.stdout.write(calibrationText(result));
    if (valued !== null && (valued.quality !== null || valued.cost !== null)) {
      io.stdout.write(`\n${curveText(valued, threshold)}`);
    }
  }
  return isRefused ? 1 : 0;
}

async function calibrateGoal(
  goal: CalibrationGoal & { readonly kind: 'quality' | 'cost' },
  flags: CurveFlags,
  router: string,
  options: CalibrateOptions,
  io: Output,
  deps: CalibrateDeps,
): Promise<number> {
  const set = scoresOfLog(options.db, router);
  const rows = readRows(options, set, router, deps);
  const found = withProgress(io, flags, (onResample): GoalResult =>
    goal.kind === 'quality'
      ? findQualityThreshold(rows, goal.target, { ...flags, onResample })
      : findCostThreshold(rows, goal.maxUsd, { ...flags, onResample }),
  );
  const { chosen } = found;
  const output = { router, goal, flags, set, found };
  if (options.svg !== undefined) writeCurve(options.svg, found.curve, chosen?.threshold ?? null);
  const waitMs = deps.takeUpMs ?? 2_000;
  let isTakenUp: boolean | null = null;
  if (chosen !== null && options.apply === true) {
    const { threshold, share: strongShare } = chosen;
    const applied = { threshold, strongShare, prompts: rows.length, goal: goal.kind };
    isTakenUp = await apply(applied, set, router, options, waitMs);
  }
  return writeGoal({ ...output, isTakenUp, waitMs }, options, io);
}

function withProgress<Result>(
  { stderr }: Output,
  { resamples }: CurveFlags,
  work: (onResample: () => void) => Result,
): Result {
  const progress = createProgress(stderr);
  progress.start('resampling', resamples);
  try {
    return work(progress.increment);
  } finally {
    progress.stop();
  }
}

function writeGoal(output: GoalOutput, { json }: CalibrateOptions, io: Output): number {
  const isRefused = output.found.chosen === null;
  if (json === true) io.stdout.write(goalJson(output));
  if (isRefused) io.stderr.write(`pointsman: ${refusalText(output)}\n`);
  else if (json !== true) io.stdout.write(goalText(output));
  return isRefused ? 2 : 0;
}

function apply(
  found: {
    readonly threshold: number;
    readonly strongShare: number;
    readonly prompts: number;
    readonly goal: string;
  },
  { routerVersion, scores }: ScoreSet,
  router: string,
  { db }: CalibrateOptions,
  waitMs: number,
): Promise<boolean> {
  const applied = { ...found, router, routerVersion, scoreDeciles: deciles(scores) };
  return applyThreshold(db, applied, { waitMs, pollMs: 25 });
}

function readRows(
  { db }: CalibrateOptions,
  { routerVersion }: ScoreSet,
  router: string,
  { prices }: CalibrateDeps,
): CalibrationRow[] {
  return withPrices(readCalibrationRows(db, router, routerVersion), prices);
}

/** What the threshold and all others do; null where no request is left that a threshold decided. */
function valueThresholds(
  rows: readonly CalibrationRow[],
  threshold: number,
  options: CurveOptions,
): Curve | null {
  if (rows.length === 0) return null;
  const thresholds = [...new Set([...thresholdsByShare(rows), threshold])];
  return curve(rows, thresholds, options);
}

function writeCurve(file: string, found: Curve | null, threshold: number | null): void {
  if (found === null || (found.quality === null && found.cost === null)) {
    throw new ConfigError(
      `${file} is not written: the log has neither outcomes nor costs to draw a curve of.`,
    );
  }
  try {
    writeFileSync(file, calibrationPicture(found, threshold));
  } catch (cause) {
    throw new ConfigError(`${file} cannot be written: ${(cause as Error).message}.`, { cause });
  }
}

function scorePrompts(
  file: string,
  router: string,
  { strongModel, weakModel, db }: CalibrateOptions,
  { stderr }: Pick<CliIo, 'stderr'>,
  { createScorer }: CalibrateDeps,
): Promise<ScoreSet> {
  if (strongModel === undefined || weakModel === undefined) {
    const missing = strongModel === undefined ? '--strong-model' : '--weak-model';
    throw new ConfigError(`--prompts needs ${missing} MODEL too: scores depend on the pair.`);
  }
  const createServed: CreateScorer = async (request) => {
    const scorer = await createScorer(request);
    try {
      return withHeadInForce(scorer, db);
    } catch (error) {
      await scorer.close();
      throw error;
    }
  };
  return scoresOfFile(file, { router, strongModel, weakModel }, createServed, stderr);
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
