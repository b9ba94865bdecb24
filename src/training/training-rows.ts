import { power } from '../math/power.ts';
import type { Outcome } from './outcomes.ts';
import type { TrainingRows } from './mf-loss.ts';

/** Ids of all models of the rows, sorted. */
export function modelIds(rows: readonly Outcome[]): string[] {
  return [...new Set(rows.flatMap(({ scores }) => Object.keys(scores)))].sort();
}

/** Of each of these models the prompts with a score of it, and the number of their sources. */
export function modelCounts(
  rows: readonly Outcome[],
  models: readonly string[],
): { readonly modelPrompts: number[]; readonly modelSources: number[] } {
  const bySource = new Map(models.map((id) => [id, new Map<string, number>()]));
  for (const { scores, source } of rows) {
    for (const id of Object.keys(scores)) {
      const counts = bySource.get(id);
      counts?.set(source, (counts.get(source) ?? 0) + 1);
    }
  }
  const counts = [...bySource.values()];
  return {
    modelPrompts: counts.map((one) => [...one.values()].reduce((sum, count) => sum + count, 0)),
    modelSources: counts.map(({ size }) => size),
  };
}

export interface RowWeights {
  /** An outcome counts (models of its prompt)^-modelPower: 1 makes all prompts weigh the same. */
  readonly modelPower: number;
  /** A source weighs (its prompts)^sourcePower: 1 makes large sources drown small ones. */
  readonly sourcePower: number;
}

/** Outcomes as arrays; the mean weight of a prompt's outcomes is 1. */
export function trainingRows(
  rows: readonly Outcome[],
  x: Float64Array,
  models: readonly string[],
  { modelPower, sourcePower }: RowWeights,
): TrainingRows {
  const index = new Map(models.map((id, i) => [id, i]));
  const perSource = countBy(rows.map(({ source }) => source));
  const starts = [0];
  const columns: number[] = [];
  const qualities: number[] = [];
  const weights = new Float64Array(rows.length);
  for (const [i, { scores, source }] of rows.entries()) {
    const known = Object.entries(scores).filter(([id]) => index.has(id));
    for (const [id, quality] of known) {
      columns.push(index.get(id)!);
      qualities.push(quality);
    }
    starts.push(columns.length);
    weights[i] =
      power(perSource.get(source)!, sourcePower - 1) *
      power(Math.max(1, known.length), -modelPower);
  }
  const meanWeight = weights.reduce((sum, weight) => sum + weight, 0) / rows.length;
  return {
    count: rows.length,
    x,
    starts: Uint32Array.from(starts),
    models: Uint16Array.from(columns),
    qualities: Float32Array.from(qualities),
    weights: weights.map((weight) => weight / meanWeight),
  };
}

export function countBy(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The largest count first; of equal ones by name. */
export function byFrequency(counts: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
