import { fewestRows, reportedPairs } from '../../src/training/dev-report.ts';
import { countBy } from '../../src/training/training-rows.ts';
import { compare, drawQuestions, intervalOf, type Comparison } from './compare.ts';
import type { EmbeddedRow } from './train-on.ts';

/** Rows with the resamples that all pairs share. */
export interface Drawn {
  readonly rows: readonly EmbeddedRow[];
  readonly draws: readonly Uint16Array[];
}

export function drawn(rows: readonly EmbeddedRow[]): Drawn {
  return { rows, draws: drawQuestions(rows.map(({ row }) => row)) };
}

export function hasPair({ row }: EmbeddedRow, pair: number): boolean {
  return reportedPairs[pair]!.every((model) => row.scores[model] !== undefined);
}

export function comparePair(
  { rows, draws }: Drawn,
  pair: number,
  scores: readonly (readonly number[])[],
  only?: readonly string[],
): Comparison {
  const [strong, weak] = reportedPairs[pair]!;
  const both = Array.from(rows.keys()).filter((i) => hasPair(rows[i]!, pair));
  const counts = countBy(both.map((i) => rows[i]!.row.source));
  const kept = both.filter((i) => {
    const { source } = rows[i]!.row;
    return counts.get(source)! >= fewestRows && (only?.includes(source) ?? true);
  });
  return compare(
    kept.map((i) => {
      const { key, source, scores: outcomes } = rows[i]!.row;
      return { key, source, strong: outcomes[strong]!, weak: outcomes[weak]! };
    }),
    scores.map((values) => kept.map((i) => values[i]!)),
    draws.map((drawn) => Uint16Array.from(kept, (i) => drawn[i]!)),
  );
}

export function line(name: string, comparison: Comparison): string {
  const [low, high] = intervalOf(comparison);
  const values = comparison.values.map((value) => value.toFixed(3)).join('  ');
  return `${name.padEnd(52)} ${values}  ${signed(comparison.difference)} (${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}
