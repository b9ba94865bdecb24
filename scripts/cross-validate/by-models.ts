import type { Progress } from '../../src/cli/progress.ts';
import type { Embedder } from '../../src/embedding/embedder.ts';
import { reportedPairs } from '../../src/training/dev-report.ts';
import { tasksOf } from '../../src/training/fit-familiarity.ts';
import { meanOf } from './compare.ts';
import { comparePair, drawn, hasPair, line } from './compare-pairs.ts';
import { scoresByFolds } from './by-folds.ts';
import type { EmbeddedRow, Recipe } from './train-on.ts';

/** What the models of the first reported pair were asked. */
const askedSources = ['mmlu', 'gsm8k'];

/**
 * The reported models are shown to training as if they had been asked nothing but exams and school maths; the
 * outcomes of all others stay. Questions are left out as in `byFolds`, and all tasks are pooled: those that a model
 * was asked and those that it was not.
 */
export function byModels(
  rows: readonly EmbeddedRow[],
  embedder: Embedder,
  progress: Progress,
): string[] {
  const taskOf = tasksOf(rows.map(({ row }) => row));
  const asked = new Set(askedSources.map((source) => taskOf.get(source)));
  const hidden = new Set(reportedPairs.flat());
  const isNew = ({ row }: EmbeddedRow): boolean => !asked.has(taskOf.get(row.source));
  const shown = rows.map((embedded) => {
    if (!isNew(embedded)) return embedded;
    const { row, prompt } = embedded;
    const scores = Object.entries(row.scores).filter(([model]) => !hidden.has(model));
    return { prompt, row: { ...row, scores: Object.fromEntries(scores) } };
  });
  const recipes: readonly Recipe[] = ['pointsman', 'unsettled', 'plain'];
  const scores = recipes.map((recipe) => scoresByFolds(rows, shown, recipe, embedder, progress));
  const all = drawn(rows);
  const pairs = Array.from(reportedPairs.keys()).filter((p) =>
    rows.some((row) => isNew(row) && hasPair(row, p)),
  );
  const comparisons = pairs.map((p) =>
    comparePair(
      all,
      p,
      scores.map((byPair) => byPair[p]!.gains),
    ),
  );
  return [
    'APGR of tasks asked and not asked                  pointsman  unsettled  plain  pointsman above unsettled',
    ...pairs.map((p, i) => line(reportedPairs[p]!.join(' / '), comparisons[i]!)),
    line('mean', meanOf(comparisons)),
  ];
}
