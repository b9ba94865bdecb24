import type { OutcomeChoice } from '../calibration/calibration-row.ts';
import { defaultWithin } from '../calibration/goals.ts';
import { ConfigError } from '../errors.ts';
import { wholeNumber } from './option-values.ts';

/** Flags as they come from the command line. */
export interface CalibrateOptions {
  /** The log database: scores are read from it, and `apply` writes to it. */
  readonly db: string;
  readonly strongModelPct?: string | undefined;
  readonly targetQuality?: string | undefined;
  readonly maxCostPer1k?: string | undefined;
  readonly router?: string | undefined;
  readonly prompts?: string | undefined;
  readonly strongModel?: string | undefined;
  readonly weakModel?: string | undefined;
  readonly minPrompts?: string | undefined;
  readonly outcomes?: string | undefined;
  readonly within?: string | undefined;
  readonly resamples?: string | undefined;
  readonly svg?: string | undefined;
  readonly apply?: boolean | undefined;
  readonly json?: boolean | undefined;
}

/** What a threshold is wanted for. */
export type CalibrationGoal =
  | { readonly kind: 'strong_share'; readonly share: number; readonly minimum: number | null }
  /** Share of the strong model's advantage to keep, PGR. */
  | { readonly kind: 'quality'; readonly target: number }
  /** US dollars for 1000 requests. */
  | { readonly kind: 'cost'; readonly maxUsd: number };

export interface CurveFlags {
  readonly outcomes: OutcomeChoice;
  readonly within: number;
  readonly resamples: number;
}

const outcomeChoices: readonly OutcomeChoice[] = ['explicit', 'judged', 'all'];

/** @throws ConfigError unless exactly one goal is given */
export function readGoal(options: CalibrateOptions): CalibrationGoal {
  const { strongModelPct, targetQuality, maxCostPer1k, minPrompts } = options;
  const given = [
    ['--strong-model-pct', strongModelPct],
    ['--target-quality', targetQuality],
    ['--max-cost-per-1k', maxCostPer1k],
  ].filter(([, value]) => value !== undefined);
  if (given.length === 0) {
    throw new ConfigError(
      'calibrate needs a goal: --strong-model-pct SHARE, the wanted share of strong calls, such as 0.5; ' +
        "--target-quality PGR, the share of the strong model's advantage to keep, such as 0.95; or " +
        '--max-cost-per-1k USD.',
    );
  }
  if (given.length > 1) {
    throw new ConfigError(`${given.map(([flag]) => flag).join(' and ')}: give one goal.`);
  }
  if (strongModelPct !== undefined) {
    const share = parseShare('--strong-model-pct', strongModelPct);
    const minimum = minPrompts === undefined ? null : wholeNumber('--min-prompts', minPrompts, 1);
    return { kind: 'strong_share', share, minimum };
  }
  if (minPrompts !== undefined) {
    throw new ConfigError(
      '--min-prompts is about --strong-model-pct; how many outcomes are enough follows from --within.',
    );
  }
  if (targetQuality !== undefined) {
    return { kind: 'quality', target: parseShare('--target-quality', targetQuality) };
  }
  const maxUsd = Number(maxCostPer1k);
  if (maxCostPer1k?.trim() !== '' && Number.isFinite(maxUsd) && maxUsd > 0) {
    return { kind: 'cost', maxUsd };
  }
  throw new ConfigError(`--max-cost-per-1k ${maxCostPer1k} is not a number of US dollars above 0.`);
}

/** @throws ConfigError */
export function readCurveFlags({ outcomes, within, resamples }: CalibrateOptions): CurveFlags {
  const choice = outcomeChoices.find((name) => name === (outcomes ?? 'all'));
  if (choice === undefined) {
    throw new ConfigError(`--outcomes ${outcomes} is not one of ${outcomeChoices.join(', ')}.`);
  }
  const width = within === undefined ? defaultWithin : Number(within);
  if (!(width > 0 && width <= 1)) {
    throw new ConfigError(`--within ${within} is not a half width above 0 and at most 1.`);
  }
  const runs = wholeNumber('--resamples', resamples ?? 1000, 100, 100_000);
  return { outcomes: choice, within: width, resamples: runs };
}

function parseShare(flag: string, text: string): number {
  const share = Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  const hint = share > 1 && share <= 100 ? ` For ${share} % write ${share / 100}.` : '';
  throw new ConfigError(`${flag} ${text} is not a share between 0 and 1.${hint}`);
}
