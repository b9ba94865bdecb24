import type { MfHead } from '../routing/matrix-factorization.ts';
import type { FeatureGroup } from '../routing/prompt-features.ts';
import type { TrainingRows } from './mf-loss.ts';

/**
 * Heads that see different evidence err differently: the mean of one that sees meaning and wording
 * and one that sees wording and marks beats one that sees all three (models/README.md).
 */
export function viewColumns(groups: readonly FeatureGroup[], view: readonly string[]): number[] {
  return groups
    .filter(({ name }) => view.includes(name))
    .flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
}

/** The same rows with these columns of x alone. */
export function selectColumns(rows: TrainingRows, columns: readonly number[]): TrainingRows {
  const inputs = rows.x.length / rows.count;
  const width = columns.length;
  const x = new Float64Array(rows.count * width);
  for (let i = 0; i < rows.count; i++) {
    for (let j = 0; j < width; j++) x[i * width + j] = rows.x[i * inputs + columns[j]!]!;
  }
  return { ...rows, x };
}

/** A head for the whole x [inputs] that looks at these columns alone. */
export function widenHead(head: MfHead, columns: readonly number[], inputs: number): MfHead {
  const widen = (matrix: Float64Array): Float64Array => {
    const height = matrix.length / columns.length;
    const wide = new Float64Array(height * inputs);
    for (let i = 0; i < height; i++) {
      for (const [j, column] of columns.entries()) {
        wide[i * inputs + column] = matrix[i * columns.length + j]!;
      }
    }
    return wide;
  };
  return {
    ...head,
    inputs,
    linear: widen(head.linear),
    hiddenWeights: widen(head.hiddenWeights),
  };
}
