// npx tsx scripts/measure-openness.ts [--embedder local|fast] [--weights FILE] [--data ../shared/data]
// How well open tasks are told from closed ones (src/training/fit-openness.ts): on everyday sources that the fit
// has not seen, and how many of the outcome tables' questions are taken for open.
import { join } from 'node:path';
import { createAuroc } from '../src/calibration/auroc.ts';
import { dot, sigmoid } from '../src/math/vector.ts';
import { shippedWeightsFile } from '../src/routing/create-router.ts';
import {
  readPromptFor,
  type OpennessSettings,
  type PromptReading,
} from '../src/routing/prompt-factors.ts';
import { loadRouterWeights } from '../src/routing/router-weights.ts';
import { embedPrompts } from '../src/training/embed-prompts.ts';
import { featureMatrix, type EmbeddedPrompt } from '../src/training/fit-features.ts';
import { fitOpenness, type KindOfPrompt } from '../src/training/fit-openness.ts';
import { readOutcomes, type Outcome } from '../src/training/outcomes.ts';
import { kindOf, readTraffic } from '../src/training/traffic.ts';
import { readFlags } from './read-flags.ts';
import { measuringFlags, withEmbedder } from './with-embedder.ts';

/** The everyday sources are left out in so many groups. */
const groups = 5;

async function main(): Promise<void> {
  const { values } = readFlags('npx tsx scripts/measure-openness.ts', {
    options: { ...measuringFlags, weights: { type: 'string' } },
  });
  await withEmbedder(values.embedder, async (embedder) => {
    const weights = loadRouterWeights(values.weights ?? shippedWeightsFile(embedder));
    const promptsOf = async (texts: readonly string[]): Promise<EmbeddedPrompt[]> => {
      const embeddings = await embedPrompts(embedder, texts, '.cache');
      return texts.map((text, i) => ({ text, embedding: embeddings[i]! }));
    };
    const featuresOf = async (texts: readonly string[]): Promise<Float64Array> =>
      featureMatrix(await promptsOf(texts), weights.features);
    const kinds = readTraffic(join(values.data, 'prompts')).flatMap(kindOf);
    const rowsOf = (split: string) => readOutcomes(join(values.data, 'outcomes', split)).rows;
    const train = rowsOf('train');
    const everyday = { x: await featuresOf(kinds.map(({ text }) => text)), kinds };
    const exams = {
      x: await featuresOf(train.map(({ prompt }) => prompt)),
      sources: train.map(({ source }) => source),
    };
    console.log(leftOut(everyday, exams));
    const dev = rowsOf('dev');
    const read = (await promptsOf(dev.map(({ prompt }) => prompt))).map(({ text, embedding }) =>
      readPromptFor(text, embedding, weights),
    );
    console.log(takenForOpen(dev, read));
  });
}

type Everyday = Parameters<typeof fitOpenness>[0];
type Exams = Parameters<typeof fitOpenness>[1];

function leftOut(everyday: Everyday, exams: Exams): string {
  const inputs = everyday.x.length / everyday.kinds.length;
  const sources = [...new Set(everyday.kinds.map(({ source }) => source))].sort();
  const answers: { signal: number; isGood: boolean }[] = [];
  for (let group = 0; group < groups; group++) {
    const isOut = ({ source }: KindOfPrompt): boolean => sources.indexOf(source) % groups === group;
    const part = (wanted: boolean): Everyday => {
      const rows = Array.from(everyday.kinds.keys()).filter(
        (i) => isOut(everyday.kinds[i]!) === wanted,
      );
      const x = new Float64Array(rows.length * inputs);
      for (const [row, i] of rows.entries()) {
        x.set(everyday.x.subarray(i * inputs, (i + 1) * inputs), row * inputs);
      }
      return { x, kinds: rows.map((i) => everyday.kinds[i]!) };
    };
    const measured = part(true);
    const probabilities = openOf(measured.x, fitOpenness(part(false), exams)!);
    for (const [i, { isOpen }] of measured.kinds.entries()) {
      answers.push({ signal: probabilities[i]!, isGood: isOpen });
    }
  }
  const share = (isOpen: boolean): string => {
    const some = answers.filter(({ isGood }) => isGood === isOpen);
    const taken = some.filter(({ signal }) => signal > 0.5).length;
    return `${((100 * taken) / some.length).toFixed(0)} % of ${some.length}`;
  };
  return (
    `everyday prompts, by fits without their source (${sources.length} sources in ${groups} groups): ` +
    `AUROC ${createAuroc(answers)().toFixed(3)}; taken for open: ${share(true)} open and ` +
    `${share(false)} closed ones`
  );
}

function takenForOpen(
  rows: readonly Outcome[],
  read: readonly Pick<PromptReading, 'open'>[],
): string {
  const sources = [...new Set(rows.map(({ source }) => source))];
  const shares = sources.map((source) => {
    const some = rows.flatMap((row, i) => (row.source === source ? [read[i]!.open] : []));
    const taken = some.filter((probability) => probability > 0.5).length;
    return `${source} ${((100 * taken) / some.length).toFixed(1)} %`;
  });
  return `dev questions that these weights take for open: ${shares.join(', ')}`;
}

function openOf(x: Float64Array, { weights, bias }: OpennessSettings): Float64Array {
  const n = weights.length;
  return Float64Array.from({ length: x.length / n }, (_, i) =>
    sigmoid(bias + dot(weights, x, 0, i * n, n)),
  );
}

await main();
