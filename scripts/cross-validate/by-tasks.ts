import type { Progress } from '../../src/cli/progress.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { mean } from '../../src/math/vector.ts';
import { fewestRows, reportedPairs } from '../../src/training/dev-report.ts';
import { tasksOf } from '../../src/training/fit-familiarity.ts';
import { meanOf, type Comparison } from './compare.ts';
import { comparePair, drawn, hasPair, line } from './compare-pairs.ts';
import { pairScores } from './pair-scores.ts';
import { epochsOf, foldOf, trainOn, type EmbeddedRow } from './train-on.ts';

/**
 * Each task in turn is left out of training; its prompts are pooled with a quarter of the questions of all other
 * tasks, which training has not seen either: traffic of known and unknown kinds.
 */
export function byTasks(
  rows: readonly EmbeddedRow[],
  embedder: Embedder,
  progress: Progress,
): string[] {
  const taskOf = tasksOf(rows.map(({ row }) => row));
  const tasks = [...new Set(taskOf.values())];
  progress.start(
    'tasks left out',
    tasks.length * (epochsOf('pointsman', embedder) + epochsOf('plain', embedder)),
  );
  const lines = [
    'APGR of known and unknown                          pointsman  without familiarity  plain  pointsman above without; squared error of the gap on the unknown: pointsman, without, plain',
  ];
  const all: Comparison[] = [];
  const allErrors: number[][] = [];
  for (const task of tasks) {
    const isOfTask = ({ row }: EmbeddedRow): boolean => taskOf.get(row.source) === task;
    const isOut = (row: EmbeddedRow): boolean => isOfTask(row) || foldOf(row.row) === 0;
    const seen = rows.filter((row) => !isOut(row));
    const pooled = rows.filter(isOut);
    const ours = trainOn(seen, embedder, 'pointsman', progress.increment);
    const plain = trainOn(seen, embedder, 'plain', progress.increment);
    const ways = [ours, { ...ours, familiarity: null }, plain].map((weights) =>
      pairScores(weights, pooled, reportedPairs).map(({ gains }) => gains),
    );
    const pooledRows = drawn(pooled);
    const measured = Array.from(reportedPairs.keys()).filter(
      (p) => pooled.filter((row) => isOfTask(row) && hasPair(row, p)).length >= fewestRows,
    );
    if (measured.length === 0) continue;
    const comparisons = measured.map((p) =>
      comparePair(
        pooledRows,
        p,
        ways.map((byPair) => byPair[p]!),
      ),
    );
    const errors = measured.map((p) =>
      ways.map((byPair) => gapError(pooled, p, byPair[p]!, isOfTask)),
    );
    all.push(...comparisons);
    allErrors.push(...errors);
    const name = `${task}: ${measured.length} pairs`;
    lines.push(`${line(name, meanOf(comparisons))}; ${errorText(errors)}`);
  }
  progress.stop();
  return [...lines, `${line('mean', meanOf(all))}; ${errorText(allErrors)}`];
}

/** Mean squared distance of the expected gain from the gain that came of it, on the rows wanted. */
function gapError(
  rows: readonly EmbeddedRow[],
  pair: number,
  gaps: readonly number[],
  isWanted: (row: EmbeddedRow) => boolean,
): number {
  const [strong, weak] = reportedPairs[pair]!;
  return mean(
    rows.flatMap((embedded, i) => {
      if (!isWanted(embedded) || !hasPair(embedded, pair)) return [];
      const { scores } = embedded.row;
      return [(gaps[i]! - (scores[strong]! - scores[weak]!)) ** 2];
    }),
  );
}

function errorText(errors: readonly (readonly number[])[]): string {
  const ways = errors[0]!.map((_, way) => mean(errors.map((ofPair) => ofPair[way]!)));
  return ways.map((error) => error.toFixed(3)).join('  ');
}
