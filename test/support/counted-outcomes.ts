import type { ComparedRow } from '../../src/evaluation/compared-rows.ts';

/** Qualities of a pair by the counts that RouteLLM publishes: who answers right. */
export function fromCounts(both: number, onlyStrong: number, onlyWeak: number, neither: number) {
  const column = (...values: [number, number][]): number[] =>
    values.flatMap(([count, value]) => Array<number>(count).fill(value));
  return {
    strong: column([both, 1], [onlyStrong, 1], [onlyWeak, 0], [neither, 0]),
    weak: column([both, 1], [onlyStrong, 0], [onlyWeak, 1], [neither, 0]),
  };
}

/** A row of a pair; name what matters to the test. */
export function comparedRow(fields: Partial<ComparedRow> = {}): ComparedRow {
  const source = fields.source ?? 'exam';
  return { source, topic: source, key: 'k', prompt: 'p', strong: 1, weak: 0, ...fields };
}
