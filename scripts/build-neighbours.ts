// npx tsx scripts/build-neighbours.ts [flags]  ->  models/neighbours-minilm.safetensors
// A sample of prompts with outcomes for the routers knn and sw_ranking (src/routing/neighbours.ts).
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedder, parseEmbedderFlag } from '../src/embedding/create-embedder.ts';
import { ConfigError } from '../src/errors.ts';
import { seededRandom, shuffle } from '../src/math/random.ts';
import { writeNeighbours, type Neighbours } from '../src/routing/neighbours.ts';
import { embedPrompts } from '../src/training/embed-prompts.ts';
import { readOutcomes, type Outcome } from '../src/training/outcomes.ts';
import { readTraffic, resample, trafficWeights } from '../src/training/traffic.ts';
import { modelIds } from '../src/training/training-rows.ts';
import { readFlags } from './read-flags.ts';

/**
 * Prompts taken of a source: where many models answered nearly all, of the large tables a part. On
 * dev, 4,500 prompts do as well as all 27,600.
 */
const mostPrompts: Record<string, number> = {
  mmlu: 700,
  mmlu_pro: 700,
  mmlu_redux: 800,
  mmlu_helm: 200,
  zeroeval_gsm: 500,
  zebra: 400,
  gsm8k: 200,
  numersense: 60,
};
const otherSources = 600;
const trafficPrompts = 200;

const licences = [
  'Made from outcome tables of RouteLLM, ZeroEval, MMLU-Pro, MMLU-Redux, RouterArena, EvalPlus, ' +
    'MisguidedAttention and shaberi (Apache-2.0, MIT, CC BY 4.0, CC0), see models/README.md',
];

function sample(rows: readonly Outcome[], seed: number): Outcome[] {
  const random = seededRandom(seed);
  const sources = [...new Set(rows.map(({ source }) => source))].sort();
  return sources.flatMap((source) => {
    // A prompt with one outcome compares nothing.
    const all = rows.filter((row) => row.source === source && Object.keys(row.scores).length > 1);
    const order = Uint32Array.from(all.keys());
    shuffle(order, random);
    const kept = order.slice(0, mostPrompts[source] ?? otherSources).sort();
    return Array.from(kept, (i) => all[i]!);
  });
}

function flatten(rows: readonly Outcome[], models: readonly string[]) {
  const row = new Map(models.map((id, i) => [id, i]));
  const outcomes = rows.map(({ scores }) => Object.entries(scores));
  let end = 0;
  return {
    starts: Uint32Array.from([0, ...outcomes.map((entries) => (end += entries.length))]),
    models: Uint8Array.from(outcomes.flat(), ([id]) => row.get(id)!),
    scores: Float32Array.from(outcomes.flat(), ([, score]) => score),
  };
}

async function main(): Promise<void> {
  const { values } = readFlags('npx tsx scripts/build-neighbours.ts', {
    options: {
      data: { type: 'string', default: '../shared/data' },
      embedder: { type: 'string', default: 'local' },
      out: { type: 'string', default: 'models/neighbours-minilm.safetensors' },
      seed: { type: 'string', default: '1' },
    },
  });
  const flag = parseEmbedderFlag(values.embedder);
  if (flag.kind === 'endpoint') throw new ConfigError('--embedder is local or hub:NAME here');

  const train = readOutcomes(join(values.data, 'outcomes', 'train'));
  const rows = sample(train.rows, Number(values.seed));
  const models = modelIds(rows);
  const everyday = readTraffic(join(values.data, 'prompts'));
  const traffic = resample(trafficWeights(everyday), trafficPrompts).map((i) => everyday[i]!.text);
  const embedder = await createEmbedder(flag, console.log);
  const texts = [...rows.map(({ prompt }) => prompt), ...traffic];
  const embeddings = await embedPrompts(embedder, texts, '.cache');
  await embedder.close();

  const { dimensions, id } = embedder;
  const vectors = new Float32Array(texts.length * dimensions);
  for (const [i, { vector }] of embeddings.entries()) vectors.set(vector, i * dimensions);
  const flat = flatten(rows, models);
  const neighbours: Neighbours = {
    ...flat,
    vectors: vectors.subarray(0, rows.length * dimensions),
    traffic: vectors.subarray(rows.length * dimensions),
    metadata: {
      formatVersion: 1,
      embedder: { id, dimensions },
      models,
      ids: rows.map((row) => row.id),
      traffic: traffic.length,
      outcomes: flat.models.length,
      dataSha256: train.sha256,
      licences,
    },
  };
  const bytes = writeNeighbours(neighbours);
  writeFileSync(values.out, bytes);
  console.log(
    `wrote ${values.out}: ${rows.length} prompts, ${flat.models.length} outcomes of ` +
      `${models.length} models, ${(bytes.length / 1e6).toFixed(2)} MB`,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
