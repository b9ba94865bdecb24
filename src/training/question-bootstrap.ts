import type { Interval } from '../math/interval.ts';
import { quantile, sorted } from '../math/quantile.ts';
import type { Random } from '../math/random.ts';

/** A figure with its 95 % bootstrap interval; null where it is not defined. */
export interface PercentileEstimate {
  readonly value: number | null;
  readonly interval95: Interval | null;
}

/**
 * Resamples questions, not rows: all rows of a key are drawn together, since the same question in
 * two sources says less than two questions. Keys are drawn among those of the same sources, so that
 * a source keeps its number of rows. Each call gives how often each row was drawn.
 */
export function createQuestionDraw(
  rows: readonly { readonly key: string; readonly source: string }[],
  random: Random,
): () => Uint16Array {
  const questions = new Map<string, number[]>();
  for (const [i, { key }] of rows.entries()) {
    const members = questions.get(key);
    if (members) members.push(i);
    else questions.set(key, [i]);
  }
  const strata = new Map<string, number[][]>();
  for (const members of questions.values()) {
    const sources = [...new Set(members.map((i) => rows[i]!.source))].sort().join('\n');
    const stratum = strata.get(sources);
    if (stratum) stratum.push(members);
    else strata.set(sources, [members]);
  }
  return () => {
    const counts = new Uint16Array(rows.length);
    for (const stratum of strata.values()) {
      for (let draw = 0; draw < stratum.length; draw++) {
        for (const i of stratum[Math.floor(random() * stratum.length)]!) counts[i]!++;
      }
    }
    return counts;
  };
}

/** The 2.5 and 97.5 % quantiles; resamples in which the figure is not defined are left out. */
export function interval95(values: readonly (number | null)[]): Interval | null {
  const defined = values.filter((value) => value !== null && Number.isFinite(value));
  if (defined.length === 0) return null;
  const ordered = sorted(defined as number[]);
  return [quantile(ordered, 0.025), quantile(ordered, 0.975)];
}

export function percentileEstimate(
  value: number | null,
  resampled: readonly (number | null)[],
): PercentileEstimate {
  const isDefined = value !== null && Number.isFinite(value);
  return {
    value: isDefined ? value : null,
    interval95: isDefined ? interval95(resampled) : null,
  };
}
