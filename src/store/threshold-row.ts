import type { AppliedThreshold } from './request-record.ts';

/** An applied threshold as the database has it: the deciles are JSON there. */
export type ThresholdFields = Omit<AppliedThreshold, 'scoreDeciles'> & {
  readonly scoreDeciles: string | null;
};

/** Columns of `applied_threshold` under the names of `ThresholdFields`. */
export const thresholdFields = `router, router_version as routerVersion, threshold,
  strong_share as strongShare, prompts, goal, score_deciles as scoreDeciles,
  applied_at_utc as appliedAtUtc`;

/** Binds `ThresholdFields`. */
export const insertThresholdSql = `insert into applied_threshold
    (router, router_version, threshold, strong_share, prompts, goal, score_deciles, applied_at_utc)
  values
    (@router, @routerVersion, @threshold, @strongShare, @prompts, @goal, @scoreDeciles, @appliedAtUtc)`;

/** The row of a threshold that is applied now. */
export function thresholdRow(applied: Omit<AppliedThreshold, 'appliedAtUtc'>): ThresholdFields {
  const scoreDeciles = applied.scoreDeciles && JSON.stringify(applied.scoreDeciles);
  return { ...applied, scoreDeciles, appliedAtUtc: new Date().toISOString() };
}

export function readThreshold(row: ThresholdFields): AppliedThreshold {
  return { ...row, scoreDeciles: parseDeciles(row.scoreDeciles) };
}

/** Null for what is no list of 11 ascending numbers: without deciles only drift is unknown. */
function parseDeciles(json: string | null): readonly number[] | null {
  if (json === null) return null;
  let values: unknown;
  try {
    values = JSON.parse(json);
  } catch {
    return null; // edited by hand
  }
  const isDeciles =
    Array.isArray(values) &&
    values.length === 11 &&
    values.every((value, i) => Number.isFinite(value) && (i === 0 || value >= values[i - 1]));
  return isDeciles ? (values as number[]) : null;
}
