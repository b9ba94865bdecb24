// npx tsx scripts/cross-validate.ts folds|tasks [--embedder local|fast] [--data ../shared/data]
// How well the recipe that ships ranks prompts, beside a plain factorization and prompt length, on all of train + dev:
// ten times as many prompts as dev alone has.
//   folds   each quarter of the questions is scored by a router that was fitted to the other three
//   tasks   each task in turn is left out of training; its prompts are pooled with a quarter of the questions of all
//           other tasks, which training has not seen either: traffic of known and unknown kinds
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createProgress, type Progress } from '../src/cli/progress.ts';
import type { Embedder } from '../src/embedding/embedder.ts';
import { reportedPairs } from '../src/training/dev-report.ts';
import { embedPrompts } from '../src/training/embed-prompts.ts';
import { tasksOf } from '../src/training/fit-familiarity.ts';
import { readOutcomes } from '../src/training/outcomes.ts';
import {
  compare,
  drawQuestions,
  intervalOf,
  meanOf,
  type Comparison,
} from './cross-validate/compare.ts';
import { pairGaps } from './cross-validate/pair-gaps.ts';
import {
  epochsOf,
  partOf,
  trainOn,
  type EmbeddedRow,
  type Recipe,
} from './cross-validate/train-on.ts';
import { measuringFlags, withEmbedder } from './with-embedder.ts';

const folds = 4;
/** Sources with fewer rows of a pair are no measurement. */
const fewestRows = 40;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: measuringFlags });
  const [part] = positionals;
  if (part !== 'folds' && part !== 'tasks') {
    throw new Error('say what is left out of training: folds or tasks');
  }
  const measure = part === 'folds' ? byFolds : byTasks;
  const progress = createProgress(process.stderr);
  await withEmbedder(values.embedder, async (embedder) => {
    const rows = await readRows(values.data, embedder);
    console.log(measure(rows, embedder, progress).join('\n'));
  });
}

async function readRows(data: string, embedder: Embedder): Promise<EmbeddedRow[]> {
  const all: EmbeddedRow[] = [];
  for (const split of ['train', 'dev']) {
    const { rows } = readOutcomes(join(data, 'outcomes', split));
    const texts = rows.map(({ prompt }) => prompt);
    const embeddings = await embedPrompts(embedder, texts, '.cache');
    for (const [i, row] of rows.entries()) {
      all.push({ row, prompt: { text: row.prompt, embedding: embeddings[i]! } });
    }
  }
  return all;
}

function byFolds(rows: readonly EmbeddedRow[], embedder: Embedder, progress: Progress): string[] {
  const recipes: readonly Recipe[] = ['pointsman', 'plain'];
  const scores = recipes.map(() => reportedPairs.map(() => new Array<number>(rows.length).fill(0)));
  for (const [r, recipe] of recipes.entries()) {
    progress.start(recipe, folds * epochsOf(recipe, embedder));
    for (let fold = 0; fold < folds; fold++) {
      const isOut = ({ row }: EmbeddedRow): boolean => partOf(row, folds, 'fold') === fold;
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

function byTasks(rows: readonly EmbeddedRow[], embedder: Embedder, progress: Progress): string[] {
  const taskOf = tasksOf(rows.map(({ row }) => row));
  const tasks = [...new Set(taskOf.values())];
  progress.start(
    'tasks left out',
    tasks.length * (epochsOf('pointsman', embedder) + epochsOf('plain', embedder)),
  );
  const lines = [
    'APGR                                               pointsman  without familiarity  plain  pointsman above without',
  ];
  const all: Comparison[] = [];
  for (const task of tasks) {
    const isOfTask = ({ row }: EmbeddedRow): boolean => taskOf.get(row.source) === task;
    const isOut = (row: EmbeddedRow): boolean =>
      isOfTask(row) || partOf(row.row, folds, 'fold') === 0;
    const seen = rows.filter((row) => !isOut(row));
    const pooled = rows.filter(isOut);
    const ours = trainOn(seen, embedder, 'pointsman', progress.increment);
    const plain = trainOn(seen, embedder, 'plain', progress.increment);
    const ways = [ours, { ...ours, familiarity: null }, plain].map((weights) =>
      pairGaps(weights, pooled, reportedPairs),
    );
    const pooledRows = drawn(pooled);
    const comparisons = reportedPairs.flatMap((_, p) => {
      const unseen = pooled.filter((row) => isOfTask(row) && hasPair(row, p));
      if (unseen.length < fewestRows) return [];
      return [
        comparePair(
          pooledRows,
          p,
          ways.map((byPair) => byPair[p]!),
        ),
      ];
    });
    if (comparisons.length === 0) continue;
    all.push(...comparisons);
    lines.push(line(`${task}: ${comparisons.length} pairs`, meanOf(comparisons)));
  }
  progress.stop();
  return [...lines, line('mean', meanOf(all))];
}

/** Rows with the resamples that all pairs share. */
interface Drawn {
  readonly rows: readonly EmbeddedRow[];
  readonly draws: readonly Uint16Array[];
}

function drawn(rows: readonly EmbeddedRow[]): Drawn {
  return { rows, draws: drawQuestions(rows.map(({ row }) => row)) };
}

function hasPair({ row }: EmbeddedRow, pair: number): boolean {
  return reportedPairs[pair]!.every((model) => row.scores[model] !== undefined);
}

function comparePair(
  { rows, draws }: Drawn,
  pair: number,
  scores: readonly (readonly number[])[],
  only?: readonly string[],
): Comparison {
  const [strong, weak] = reportedPairs[pair]!;
  const both = Array.from(rows.keys()).filter((i) => hasPair(rows[i]!, pair));
  const counts = new Map<string, number>();
  for (const i of both) counts.set(rows[i]!.row.source, (counts.get(rows[i]!.row.source) ?? 0) + 1);
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

function line(name: string, comparison: Comparison): string {
  const [low, high] = intervalOf(comparison);
  const values = comparison.values.map((value) => value.toFixed(3)).join('  ');
  return `${name.padEnd(52)} ${values}  ${signed(comparison.difference)} (${signed(low)} to ${signed(high)})`;
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
}

await main();
