import type { Progress } from '../../src/cli/progress.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { reportedPairs } from '../../src/training/dev-report.ts';
import { meanOf } from './compare.ts';
import { calibrationLines } from './calibration-lines.ts';
import { comparePair, drawn, line } from './compare-pairs.ts';
import { pairScores, type PairScores } from './pair-scores.ts';
import { epochsOf, foldOf, folds, trainOn, type EmbeddedRow, type Recipe } from './train-on.ts';

/** Each quarter of the questions is scored by a router that was fitted to the other three. */
export function byFolds(
  rows: readonly EmbeddedRow[],
  embedder: Embedder,
  progress: Progress,
): string[] {
  const recipes: readonly Recipe[] = ['pointsman', 'plain'];
  const scores = recipes.map((recipe) => scoresByFolds(rows, rows, recipe, embedder, progress));
  const length = rows.map(({ row }) => row.prompt.length);
  const all = drawn(rows);
  const comparisons = reportedPairs.map((_, p) =>
    comparePair(all, p, [...scores.map((byPair) => byPair[p]!.gains), length]),
  );
  const onMmlu = comparePair(
    all,
    0,
    [...scores.map((byPair) => byPair[0]!.gains), length],
    ['mmlu'],
  );
  return [
    'APGR                                               pointsman  plain  length  pointsman above plain',
    ...reportedPairs.map((pair, p) => line(pair.join(' / '), comparisons[p]!)),
    line('mean', meanOf(comparisons)),
    line(`${reportedPairs[0]!.join(' / ')}, mmlu alone`, onMmlu),
    '',
    ...calibrationLines(all, scores[0]!),
  ];
}

/**
 * Scores of each reported pair on each of `rows`, by a router fitted to what `shown`, the
 * same prompts with all or some of their outcomes, holds of the other questions.
 */
export function scoresByFolds(
  rows: readonly EmbeddedRow[],
  shown: readonly EmbeddedRow[],
  recipe: Recipe,
  embedder: Embedder,
  progress: Progress,
): PairScores[] {
  const scores = reportedPairs.map(() => ({
    gains: new Array<number>(rows.length).fill(0),
    winRates: new Array<number>(rows.length).fill(0),
  }));
  progress.start(recipe, folds * epochsOf(recipe, embedder));
  for (let fold = 0; fold < folds; fold++) {
    const isOut = ({ row }: EmbeddedRow): boolean => foldOf(row) === fold;
    const seen = shown.filter((row) => !isOut(row));
    const weights = trainOn(seen, embedder, recipe, progress.increment);
    const out = Array.from(rows.keys()).filter((i) => isOut(rows[i]!));
    const asked = out.map((i) => rows[i]!);
    for (const [p, { gains, winRates }] of pairScores(weights, asked, reportedPairs).entries()) {
      for (const [j, i] of out.entries()) {
        scores[p]!.gains[i] = gains[j]!;
        scores[p]!.winRates[i] = winRates[j]!;
      }
    }
  }
  progress.stop();
  return scores;
}
