import type { Interval } from '../math/interval.ts';
import { quantile, sorted } from '../math/quantile.ts';
import type { Random } from '../math/random.ts';

/** A figure with its 95 % bootstrap interval; null where it is not defined. */
export interface PercentileEstimate {
  readonly value: number | null;
  readonly interval95: Interval | null;
}

/** With fewer, what is drawn hardly differs from what there is. */
const fewestQuestions = 5;

/** Figures of resampled questions; none of a single question, which says nothing of others. */
export function resampleQuestions<T>(
  rows: readonly { readonly key: string; readonly source: string }[],
  random: Random,
  resamples: number,
  figure: (counts: Uint16Array) => T,
): T[] {
  if (rows.every(({ key }) => key === rows[0]!.key)) return [];
  const draw = createQuestionDraw(rows, random);
  return Array.from({ length: resamples }, () => figure(draw()));
}

/**
 * Resamples questions, not rows: all rows of a key are drawn together, since the same question in
 * two sources says less than two questions. Keys are drawn among those of the same sources, so that
 * a source keeps its number of rows, but for sources with few questions, which are drawn from
 * together. Each call gives how often each row was drawn.
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
  const drawn = mergeSmall([...strata.values()]);
  return () => {
    const counts = new Uint16Array(rows.length);
    for (const stratum of drawn) {
      for (let draw = 0; draw < stratum.length; draw++) {
        for (const i of stratum[Math.floor(random() * stratum.length)]!) counts[i]!++;
      }
    }
    return counts;
  };
}

/** Small strata become one, in the first one's place; a question that is left alone joins the smallest other one. */
function mergeSmall(strata: readonly (readonly number[][])[]): (readonly number[][])[] {
  const isSmall = (stratum: readonly number[][]) => stratum.length < fewestQuestions;
  const first = strata.findIndex(isSmall);
  const small = strata.filter(isSmall).flat();
  const merged = strata.flatMap((stratum, i) => {
    if (i === first) return [small];
    return isSmall(stratum) ? [] : [stratum];
  });
  if (small.length !== 1 || merged.length === 1) return merged;
  const [least, ...others] = merged
    .filter((stratum) => stratum !== small)
    .sort((a, b) => a.length - b.length);
  return [[...least!, ...small], ...others];
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
