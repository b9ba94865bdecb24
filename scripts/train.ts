// npm run train -- [--data ../shared/data] [--embedder local] [--out FILE] [--seed 1]
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { SingleBar } from 'cli-progress';
import {
  createEmbedder,
  parseEmbedderFlag,
  type EmbedderSettings,
} from '../src/embedding/create-embedder.ts';
import type { Embedder } from '../src/embedding/embedder.ts';
import { ConfigError } from '../src/errors.ts';
import { Secret } from '../src/secret.ts';
import type { DevReport } from '../src/training/dev-report.ts';
import { embedPrompts } from '../src/training/embed-prompts.ts';
import type { EmbeddedPrompt } from '../src/training/fit-features.ts';
import { readOutcomes, type OutcomeSet } from '../src/training/outcomes.ts';
import { readTraffic, resample, trafficWeights } from '../src/training/traffic.ts';
import {
  trainRouter,
  type EmbeddedOutcomes,
  type RouterTrainingSettings,
} from '../src/training/train-router.ts';

const usage = `npm run train -- [flags]
  --data FOLDER                 holds outcomes/train, outcomes/dev and prompts (../shared/data)
  --embedder local|hub:..|endpoint   whose vectors the head is for (local)
  --embedding-base-url URL, --embedding-model NAME, --embedding-api-key-env NAME   for endpoint
  --out FILE                    models/mf-use-lite.safetensors, or named after the embedder
  --seed N                      1
  --heads N                     networks that are averaged`;

const trafficPrompts = 1000;

const licences = [
  'Trained on outcome tables of RouteLLM, ZeroEval, MMLU-Pro, MMLU-Redux, RouterArena, EvalPlus, ' +
    'MisguidedAttention and shaberi (Apache-2.0, MIT, CC BY 4.0, CC0), see models/README.md',
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: 'string', default: '../shared/data' },
      embedder: { type: 'string', default: 'local' },
      'embedding-base-url': { type: 'string' },
      'embedding-model': { type: 'string' },
      'embedding-api-key-env': { type: 'string' },
      out: { type: 'string' },
      seed: { type: 'string', default: '1' },
      heads: { type: 'string', default: '3' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const started = performance.now();
  const train = readOutcomes(join(values.data, 'outcomes', 'train'));
  const dev = readOutcomes(join(values.data, 'outcomes', 'dev'));
  const everyday = readTraffic(join(values.data, 'prompts'));
  const traffic = resample(trafficWeights(everyday), trafficPrompts).map((i) => everyday[i]!.text);
  console.log(`${train.rows.length} prompts to train on, ${dev.rows.length} to choose on`);

  const embedder = await createEmbedder(embedderSettings(values), console.log);
  const embedded = await embedAll(embedder, train, dev, traffic);
  await embedder.close();

  const settings = settingsOf(Number(values.seed), Number(values.heads));
  const bar = new SingleBar({
    format: 'training  {bar} {percentage}% | {eta_formatted} | {losses}',
  });
  bar.start(settings.heads * settings.mf.epochs, 0, { losses: '' });
  const { bytes, report } = trainRouter({
    ...embedded,
    embedder,
    settings,
    licences,
    onEpoch: (head, { epoch, trainLoss, devLoss }) =>
      bar.update(head * settings.mf.epochs + epoch, {
        losses: `head ${head + 1}: loss ${trainLoss.toFixed(4)}, dev ${devLoss.toFixed(4)}`,
      }),
  });
  bar.stop();
  const out = values.out ?? join('models', weightsName(values.embedder));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, bytes);
  printReport(report);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`wrote ${out} (${(bytes.length / 1e6).toFixed(1)} MB) after ${seconds} s`);
}

function settingsOf(seed: number, heads: number): RouterTrainingSettings {
  return {
    lexical: { rows: 8192, dimensions: 128 },
    surface: false,
    heads,
    weights: { modelPower: 0.5, sourcePower: 0.25 },
    mf: {
      rank: 32,
      hidden: 64,
      epochs: 20,
      batch: 256,
      rate: 0.002,
      decay: 1,
      modelDecay: 0.001,
      dropout: 0.5,
      hiddenDropout: 0.3,
      seed,
    },
  };
}

async function embedAll(
  embedder: Embedder,
  train: OutcomeSet,
  dev: OutcomeSet,
  traffic: readonly string[],
): Promise<{ train: EmbeddedOutcomes; dev: EmbeddedOutcomes; traffic: EmbeddedPrompt[] }> {
  const bar = new SingleBar({ format: 'embedding {bar} {percentage}% | {eta_formatted}' });
  bar.start(train.rows.length + dev.rows.length + traffic.length, 0);
  let before = 0;
  const embed = async (texts: readonly string[]): Promise<EmbeddedPrompt[]> => {
    const embeddings = await embedPrompts(embedder, texts, '.cache', (done) =>
      bar.update(before + done),
    );
    before += texts.length;
    return texts.map((text, i) => ({ text, embedding: embeddings[i]! }));
  };
  const withPrompts = async (set: OutcomeSet): Promise<EmbeddedOutcomes> => ({
    ...set,
    prompts: await embed(set.rows.map(({ prompt }) => prompt)),
  });
  const result = {
    train: await withPrompts(train),
    dev: await withPrompts(dev),
    traffic: await embed(traffic),
  };
  bar.stop();
  return result;
}

function embedderSettings(values: {
  embedder: string;
  'embedding-base-url'?: string | undefined;
  'embedding-model'?: string | undefined;
  'embedding-api-key-env'?: string | undefined;
}): EmbedderSettings {
  const flag = parseEmbedderFlag(values.embedder);
  if (flag.kind !== 'endpoint') return flag;
  const baseUrl = values['embedding-base-url'];
  const model = values['embedding-model'];
  if (!baseUrl || !model) {
    throw new ConfigError('--embedder endpoint needs --embedding-base-url and --embedding-model');
  }
  const keyName = values['embedding-api-key-env'];
  const key = keyName ? process.env[keyName] : undefined;
  if (keyName && !key) throw new ConfigError(`the environment variable ${keyName} is not set`);
  return {
    kind: 'endpoint',
    baseUrl,
    model,
    timeoutMs: 60_000,
    ...(key && { apiKey: new Secret(key) }),
  };
}

function weightsName(embedder: string): string {
  const name = embedder === 'local' ? 'use-lite' : embedder.replace(/[^\w.-]+/g, '-');
  return `mf-${name}.safetensors`;
}

function printReport({ figures, calibrationError }: DevReport): void {
  console.log('\nAPGR on dev (95 % interval; chance is 0.5)');
  for (const { strong, weak, source, prompts, apgr, interval95, length } of figures) {
    const [low, high] = interval95.map((value) => value.toFixed(3));
    console.log(
      `${strong} / ${weak}`.padEnd(48) +
        `${source.padEnd(13)}${String(prompts).padStart(5)}  ` +
        `${apgr.toFixed(3)} (${low} to ${high})  length ${length.toFixed(3)}`,
    );
  }
  const pooled = figures.filter(({ source }) => source === 'pooled').map(({ apgr }) => apgr);
  const mean = pooled.reduce((sum, value) => sum + value, 0) / pooled.length;
  console.log(`mean of the pooled figures ${mean.toFixed(3)}`);
  console.log(`calibration error of the win rate ${calibrationError.toFixed(3)}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
