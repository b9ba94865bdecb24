import type { Progress } from '../../src/cli/progress.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { reportedPairs } from '../../src/training/dev-report.ts';
import { meanOf } from './compare.ts';
import { comparePair, drawn, line } from './compare-pairs.ts';
import { pairGaps } from './pair-gaps.ts';
import { epochsOf, foldOf, folds, trainOn, type EmbeddedRow, type Recipe } from './train-on.ts';

/** Each quarter of the questions is scored by a router that was fitted to the other three. */
export function byFolds(
  rows: readonly EmbeddedRow[],
  embedder: Embedder,
  progress: Progress,
): string[] {
  const recipes: readonly Recipe[] = ['pointsman', 'plain'];
  const scores = recipes.map(() => reportedPairs.map(() => new Array<number>(rows.length).fill(0)));
  for (const [r, recipe] of recipes.entries()) {
    progress.start(recipe, folds * epochsOf(recipe, embedder));
    for (let fold = 0; fold < folds; fold++) {
      const isOut = ({ row }: EmbeddedRow): boolean => foldOf(row) === fold;
      const weights = trainOn(
        rows.filter((row) => !isOut(row)),
        embedder,
        recipe,
        progress.increment,
      );
      const out = Array.from(rows.keys()).filter((i) => isOut(rows[i]!));
      const gaps = pairGaps(
        weights,
        out.map((i) => rows[i]!),
        reportedPairs,
      );
      for (const [p, ofPair] of gaps.entries()) {
        for (const [j, i] of out.entries()) scores[r]![p]![i] = ofPair[j]!;
      }
    }
    progress.stop();
  }
  const length = rows.map(({ row }) => row.prompt.length);
  const all = drawn(rows);
  const comparisons = reportedPairs.map((_, p) =>
    comparePair(all, p, [...scores.map((byPair) => byPair[p]!), length]),
  );
  const onMmlu = comparePair(all, 0, [...scores.map((byPair) => byPair[0]!), length], ['mmlu']);
  return [
    'APGR                                               pointsman  plain  length  pointsman above plain',
    ...reportedPairs.map((pair, p) => line(pair.join(' / '), comparisons[p]!)),
    line('mean', meanOf(comparisons)),
    line(`${reportedPairs[0]!.join(' / ')}, mmlu alone`, onMmlu),
  ];
}
