import { seededRandom } from '../math/random.ts';
import { pooledSource } from '../training/outcomes.ts';
import { sourcesOf, type ComparedRow } from './compared-rows.ts';
import { createFloors, createOracle, type Contender } from './contenders.ts';
import { evaluateTable, type RowCosts } from './evaluate-table.ts';
import type { PairEvaluation, Table } from './evaluation.ts';
import { sourceList } from './format.ts';

export interface PairInput {
  readonly strong: string;
  readonly weak: string;
  readonly rows: readonly ComparedRow[];
  /** Where the floors by source and topic learn; null: on other questions of the same rows. */
  readonly learn: readonly ComparedRow[] | null;
  /** Scores of `rows` by router. */
  readonly scores: ReadonlyMap<string, readonly number[]>;
  readonly costs: RowCosts | null;
  readonly notes: readonly string[];
  readonly resamples: number;
  readonly seed: number;
  /** Sources with fewer rows are no measurement: neither reported nor pooled. */
  readonly minimumRows: number;
}

export function evaluatePair(input: PairInput): PairEvaluation {
  const { rows, learn, notes, minimumRows } = input;
  const { all, kept, hasLarge } = sourcesOf(rows, minimumRows);
  const sources = all.map((entry) => ({ ...entry, isPooled: kept.includes(entry) }));
  const contenders = [
    ...[...input.scores].map(([name, scores]) => ({ name, kind: 'router', scores }) as const),
    createOracle(rows, seededRandom(input.seed)),
  ];
  const tableOf = (source: string, isIn: (row: ComparedRow) => boolean): Table => {
    const picked = rows.flatMap((row, i) => (isIn(row) ? [i] : []));
    const column = <T>(values: readonly T[]): T[] => picked.map((i) => values[i]!);
    const ofTable = column(rows);
    return evaluateTable({
      source,
      rows: ofTable,
      contenders: [
        ...contenders.map((one): Contender => ({ ...one, scores: column(one.scores) })),
        ...createFloors(ofTable, learn),
      ],
      costs: input.costs && {
        strong: column(input.costs.strong),
        weak: column(input.costs.weak),
      },
      resamples: input.resamples,
      seed: input.seed,
    });
  };
  const isKept = new Set(kept.map(({ source }) => source));
  const pooled = tableOf(pooledSource, ({ source }) => isKept.has(source));
  const oneQuestion =
    pooled.questions === 1 ? ['all rows are of one question (key): nothing tells an interval'] : [];
  return {
    strong: input.strong,
    weak: input.weak,
    notes: [...notes, ...sizeNotes(sources, hasLarge, minimumRows), ...oneQuestion],
    sources,
    pooled,
    bySource: hasLarge
      ? kept.map(({ source }) => tableOf(source, (row) => row.source === source))
      : [],
  };
}

function sizeNotes(
  sources: PairEvaluation['sources'],
  hasLarge: boolean,
  minimumRows: number,
): string[] {
  if (!hasLarge) {
    return [
      `no source has ${minimumRows} rows (--min-rows): with so few, the figures are anecdotes, and none is given by source`,
    ];
  }
  const small = sources.filter(({ isPooled }) => !isPooled);
  if (small.length === 0) return [];
  return [`left out, with fewer than ${minimumRows} rows: ${sourceList(small)}`];
}
