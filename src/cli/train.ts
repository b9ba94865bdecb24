import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedderSettings } from '../config/create-embedder-settings.ts';
import { defaults } from '../config/defaults.ts';
import { loadSettings, type SettingsInput } from '../config/load-config.ts';
import type { Settings } from '../config/settings-schema.ts';
import { createEmbedder } from '../embedding/create-embedder.ts';
import type { Embedder } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import { readCheckpoint, writeCheckpoint } from '../training/checkpoint.ts';
import { dataWarnings } from '../training/data-warnings.ts';
import { defaultTrainingSettings } from '../training/default-settings.ts';
import { embedPrompts } from '../training/embed-prompts.ts';
import type { EmbeddedPrompt } from '../training/fit-features.ts';
import type { OutcomeSet } from '../training/outcomes.ts';
import {
  trainRouter,
  type Checkpoints,
  type RouterTrainingInput,
  type RouterTrainingSettings,
} from '../training/train-router.ts';
import { readTrainingData, type TrainingData } from '../training/training-data.ts';
import { version } from '../version.ts';
import type { CliIo } from './cli-io.ts';
import { textOf, wholeNumber } from './option-values.ts';
import type { Options } from './setting-options.ts';
import { createProgress, type Progress } from './progress.ts';
import { runTrainLog } from './train-log.ts';
import { trainReportText } from './train-report-text.ts';
import { assertCanWrite, writeWhole } from './write-whole.ts';

export interface TrainOptions {
  readonly data: string;
  readonly seed: number;
  readonly out: string;
  readonly resume: boolean;
  /** Print the report as JSON. */
  readonly json?: boolean;
}

export interface TrainDeps {
  readonly openEmbedder: () => Promise<Embedder>;
  readonly settingsFor: (embedder: Embedder, seed: number) => RouterTrainingSettings;
  /** For embeddings and checkpoints. */
  readonly cache: string;
}

const licences = [
  'Trained on outcome tables of RouteLLM, ZeroEval, MMLU-Pro, MMLU-Redux, RouterArena, EvalPlus, ' +
    'MisguidedAttention and shaberi (Apache-2.0, MIT, CC BY 4.0, CC0), see models/README.md',
];
const defaultData = '../shared/data';

/** `pointsman train`: on the log, or with `--data` on files */
export async function train(input: SettingsInput, options: Options, io: CliIo): Promise<number> {
  const { settings } = loadSettings(input);
  const data = textOf(options['data']);
  const seed = wholeNumber('--seed', textOf(options['seed']) ?? 1, 0, 2 ** 31 - 1);
  if (data === undefined) return trainOnLog(settings, options, seed, io);
  assertNone(options, ['router', 'apply'], 'is for the log; leave --data out');
  const flags = {
    ...{ data, seed },
    out: textOf(options['out']) ?? defaultOut(data, settings.embedder ?? 'local'),
    resume: options['resume'] === true,
    json: options['json'] === true,
  };
  return runTrain(flags, io, {
    openEmbedder: () => createEmbedder(createEmbedderSettings(settings, io.env)),
    settingsFor: defaultTrainingSettings,
    cache: '.cache',
  });
}

function trainOnLog(
  settings: Settings,
  options: Options,
  seed: number,
  io: CliIo,
): Promise<number> {
  assertNone(options, ['out', 'resume'], 'is for --data PATH; the log gives a head, not a file');
  const named = options['router'];
  const router = typeof named === 'string' ? named : (settings.routers?.[0] ?? defaults.routers[0]);
  return runTrainLog(
    {
      ...{ router, seed },
      db: settings.db ?? defaults.db,
      apply: options['apply'] === true,
      json: options['json'] === true,
    },
    io,
  );
}

/** @throws ConfigError for a flag of the other kind of training */
function assertNone(options: Options, names: readonly string[], why: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) throw new ConfigError(`--${given} ${why}.`);
}

/** @throws ConfigError for wrong flags and for data with bad rows, which it names by line */
export async function runTrain(
  options: TrainOptions,
  io: Pick<CliIo, 'stdout' | 'stderr'>,
  deps: TrainDeps,
): Promise<number> {
  const startedMs = performance.now();
  const data = readTrainingData(options.data);
  assertCanWrite('--out', options.out, [options.data]);
  io.stderr.write(
    `${data.train.rows.length} prompts to train on, ${data.dev.rows.length} to choose on\n`,
  );
  for (const warning of dataWarnings(data)) io.stderr.write(`pointsman: warning: ${warning}\n`);
  const progress = createProgress(io.stderr);
  const embedder = await deps.openEmbedder();
  try {
    const settings = deps.settingsFor(embedder, options.seed);
    const embedded = await embedAll(embedder, data, deps.cache, progress);
    const work = join(deps.cache, `train-${identityOf(embedder, data, settings)}`);
    if (!options.resume) rmSync(work, { recursive: true, force: true });
    const { epochs } = settings.mf;
    progress.start('training', settings.views.length * epochs);
    const { bytes, report } = trainRouter({
      ...embedded,
      embedder,
      settings,
      licences: options.data === defaultData ? licences : [],
      checkpoints: checkpointsIn(work),
      onEpoch: (head, { epoch }) => progress.update(head * epochs + epoch),
    });
    progress.stop();
    writeWhole('--out', options.out, bytes);
    rmSync(work, { recursive: true, force: true });
    const seconds = Math.round((performance.now() - startedMs) / 1000);
    if (options.json === true) {
      const written = { file: options.out, bytes: bytes.length, seconds, report };
      io.stdout.write(`${JSON.stringify(written, null, 2)}\n`);
      return 0;
    }
    io.stdout.write(trainReportText(report));
    const megabytes = (bytes.length / 1e6).toFixed(1);
    io.stdout.write(`wrote ${options.out} (${megabytes} MB) after ${seconds} s\n`);
    return 0;
  } finally {
    progress.stop();
    await embedder.close();
  }
}

async function embedAll(
  embedder: Embedder,
  { train, dev, traffic, kinds }: TrainingData,
  cache: string,
  progress: Progress,
): Promise<Pick<RouterTrainingInput, 'train' | 'dev' | 'traffic' | 'kinds'>> {
  progress.start('embedding', train.rows.length + dev.rows.length + traffic.length + kinds.length);
  let before = 0;
  const embed = async (texts: readonly string[]): Promise<EmbeddedPrompt[]> => {
    const embeddings = await embedPrompts(embedder, texts, cache, (done) =>
      progress.update(before + done),
    );
    before += texts.length;
    return texts.map((text, i) => ({ text, embedding: embeddings[i]! }));
  };
  const withPrompts = async (set: OutcomeSet) => ({
    ...set,
    prompts: await embed(set.rows.map(({ prompt }) => prompt)),
  });
  return {
    train: await withPrompts(train),
    dev: await withPrompts(dev),
    traffic: await embed(traffic),
    kinds: (await embed(kinds.map(({ text }) => text))).map((prompt, i) => ({
      ...kinds[i]!,
      ...prompt,
    })),
  };
}

/** A run goes on from checkpoints of the same version, data, embedder and settings only. */
function identityOf(
  { id, dimensions }: Embedder,
  { train, dev }: TrainingData,
  settings: RouterTrainingSettings,
): string {
  const parts = [version(), id, dimensions, train.sha256, dev.sha256, settings];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

function checkpointsIn(folder: string): Checkpoints {
  const fileOf = (head: number): string => join(folder, `head-${head}.state`);
  return {
    load: (head) => readCheckpoint(fileOf(head)),
    save: (head, state) => writeCheckpoint(fileOf(head), state),
  };
}

/** Own outcomes do not replace the shipped weights, which know the models that others are named after. */
export function defaultOut(data: string, embedder: string): string {
  const name = embedder === 'local' ? 'minilm' : embedder.replace(/[^\w.-]+/g, '-');
  return join(data === defaultData ? 'models' : '', `mf-${name}.safetensors`);
}
