import type { ThresholdCalibration } from '../training/calibrate.ts';
import type { ScoreSet } from './score-set.ts';

/** What `calibrate` found and did. */
export interface CalibrationResult {
  readonly router: string;
  readonly strongShare: number;
  readonly set: Pick<ScoreSet, 'origin' | 'routerVersion'>;
  readonly found: ThresholdCalibration;
  /** Null without --apply; else whether a running server uses the threshold now. */
  readonly isTakenUp: boolean | null;
  /** How long `--apply` waited for one. */
  readonly waitMs: number;
}

/** RouteLLM's line first, byte for byte, for scripts that read it. */
export function calibrationText(result: CalibrationResult): string {
  const { router, strongShare, set, found } = result;
  const [low, high] = found.interval95;
  return (
    `For ${percent(strongShare)}% strong model calls for ${router}, threshold = ${found.threshold.toFixed(5)}\n` +
    `  from ${found.prompts} ${set.origin}\n` +
    `  95% interval of the threshold: ${low.toFixed(5)} to ${high.toFixed(5)}\n` +
    `  share of these that it sends to strong: ${(100 * found.achievedShare).toFixed(1)}%\n` +
    (found.isOnTarget ? takeUpText(result) : missText(result))
  );
}

/** Where many scores are the same, no threshold comes near the wanted share. */
export function missText({ strongShare, found }: Pick<CalibrationResult, 'strongShare' | 'found'>) {
  const { prompts, distinctScores, achievedShare, shareAbove } = found;
  const shown = (share: number): string => `${(100 * share).toFixed(1)}%`;
  const values =
    distinctScores === 1
      ? `all ${prompts} are the same`
      : `the ${prompts} hold ${distinctScores} distinct ones`;
  return (
    `These scores do not reach ${shown(strongShare)}: ${values}; ` +
    `this threshold sends ${shown(achievedShare)} to strong, the next higher one ${shown(shareAbove)}.\n` +
    'Nothing is changed, and --apply refuses it: calibrate on more varied prompts, ask for a share ' +
    'that is reached, or set --threshold (threshold in the file).\n'
  );
}

/** Whether the threshold is in force. */
export function takeUpText({
  isTakenUp,
  waitMs,
  set,
}: Pick<CalibrationResult, 'isTakenUp' | 'waitMs' | 'set'>): string {
  if (isTakenUp === null) return 'Nothing is changed yet: --apply makes the server use it.\n';
  if (isTakenUp) {
    return (
      'Applied: the running server uses it now. A server started with --threshold (threshold in the ' +
      'file) uses that again after its next start.\n'
    );
  }
  return (
    `Stored, but no running server took it up within ${waitMs / 1000} s. The next start on this ` +
    `database with router version ${set.routerVersion} uses it, unless it is started with --threshold (threshold in the file).\n`
  );
}

/** @param more further fields */
export function calibrationJson(
  { router, strongShare, set, found, isTakenUp }: CalibrationResult,
  more: Readonly<Record<string, unknown>> = {},
): string {
  const result = {
    router,
    router_version: set.routerVersion,
    strong_model_pct: strongShare,
    threshold: found.threshold,
    threshold_interval_95: found.interval95,
    achieved_share: found.achievedShare,
    distinct_scores: found.distinctScores,
    is_on_target: found.isOnTarget,
    prompts: found.prompts,
    applied: isTakenUp !== null,
    taken_up: isTakenUp,
    ...more,
  };
  return `${JSON.stringify(result)}\n`;
}

/** As Python prints it: 50.0, 33.3. */
function percent(share: number): string {
  const text = String(Number((100 * share).toPrecision(12)));
  return text.includes('.') ? text : `${text}.0`;
}
