import { quantile, sorted } from '../math/quantile.ts';
import type { Random } from '../math/random.ts';
import { apgr, type ScoredOutcomes } from './evaluate-metrics.ts';

/**
 * 95 % percentile interval of the APGR over resampled questions. Rows of one stratum (a source) are
 * drawn among themselves, so that their number stays what it is.
 */
export function apgrInterval(
  rows: ScoredOutcomes,
  random: Random,
  strata?: readonly string[],
  repeats = 1000,
): [number, number] {
  const groups = new Map<string, number[]>();
  for (let i = 0; i < rows.scores.length; i++) {
    const name = strata?.[i] ?? '';
    const members = groups.get(name) ?? [];
    members.push(i);
    groups.set(name, members);
  }
  const values: number[] = [];
  for (let run = 0; run < repeats; run++) {
    const picked: number[] = [];
    for (const members of groups.values()) {
      for (let i = 0; i < members.length; i++) {
        picked.push(members[Math.floor(random() * members.length)]!);
      }
    }
    const value = apgr(pick(rows, picked));
    if (Number.isFinite(value)) values.push(value);
  }
  if (values.length === 0) return [NaN, NaN];
  const ordered = sorted(values);
  return [quantile(ordered, 0.025), quantile(ordered, 0.975)];
}

/** The rows at `indices`, in that order. */
export function pick(rows: ScoredOutcomes, indices: readonly number[]): ScoredOutcomes {
  const column = (values: ArrayLike<number>): Float64Array =>
    Float64Array.from(indices, (i) => values[i]!);
  return {
    scores: column(rows.scores),
    strong: column(rows.strong),
    weak: column(rows.weak),
    ...(rows.weights && { weights: column(rows.weights) }),
  };
}
