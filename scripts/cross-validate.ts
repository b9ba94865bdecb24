// npm run cross-validate -- folds|tasks|models [--embedder local|fast] [--data ../shared/data]
// How well the recipe that ships ranks prompts, beside a plain factorization and prompt length, on all of train + dev:
// ten times as many prompts as dev alone has. `folds` leaves questions out of training, `tasks` whole tasks,
// `models` what some models did on most tasks.
import { join } from 'node:path';
import { createProgress } from '../src/cli/progress.ts';
import type { Embedder } from '../src/embedding/embedder.ts';
import { embedPrompts } from '../src/training/embed-prompts.ts';
import { readOutcomes } from '../src/training/outcomes.ts';
import { byFolds } from './cross-validate/by-folds.ts';
import { byModels } from './cross-validate/by-models.ts';
import { byTasks } from './cross-validate/by-tasks.ts';
import type { EmbeddedRow } from './cross-validate/train-on.ts';
import { readFlags } from './read-flags.ts';
import { measuringFlags, withEmbedder } from './with-embedder.ts';

async function main(): Promise<void> {
  const { values, positionals } = readFlags('npm run cross-validate -- folds|tasks|models', {
    allowPositionals: true,
    options: measuringFlags,
  });
  const [part] = positionals;
  const measures = new Map(Object.entries({ folds: byFolds, tasks: byTasks, models: byModels }));
  const measure = measures.get(part ?? '');
  if (!measure) throw new Error('say what is left out of training: folds, tasks or models');
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

await main();
