// npm run report -- [--data ../shared/data] [--weights FILE] [--routers mf,knn] [--out models]
// Writes models/REPORT.md and its pictures; measures everything it says.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { evaluate, readEvaluationInput, type EvaluateOptions } from '../src/cli/evaluate.ts';
import { openRoutersOf } from '../src/cli/router-source.ts';
import { createEmbedder } from '../src/embedding/create-embedder.ts';
import type { Embedder } from '../src/embedding/embedder.ts';
import { ConfigError } from '../src/errors.ts';
import { cascadePicture } from '../src/evaluation/cascade-picture.ts';
import { cascadeInput, compareCascade } from '../src/evaluation/compare-cascade.ts';
import { evaluateAll } from '../src/evaluation/evaluate-all.ts';
import { keepEmbeddings } from '../src/evaluation/kept-embeddings.ts';
import { measureSpeed } from '../src/evaluation/measure-speed.ts';
import { evaluationPicture } from '../src/evaluation/picture.ts';
import { reliabilityPicture } from '../src/evaluation/reliability-picture.ts';
import { reportCard, type ReportCard } from '../src/evaluation/report-card.ts';
import { scoreSpread } from '../src/evaluation/score-spread.ts';
import { readSourceLicences } from '../src/evaluation/source-licences.ts';
import { seededRandom } from '../src/math/random.ts';
import { defaultWeightsFile, routerNames } from '../src/routing/create-router.ts';
import { loadRouterWeights } from '../src/routing/router-weights.ts';
import { reportedPairs } from '../src/training/dev-report.ts';
import { readOutcomes } from '../src/training/outcomes.ts';
import { readTraffic } from '../src/training/traffic.ts';
import { readFlags } from './read-flags.ts';

const speedPrompts = 200;
/** Routers that need nothing of the operator and score fast enough for a report within two minutes. */
const localRouters = ['mf', 'knn'];

async function main(): Promise<void> {
  const { values } = readFlags('npm run report --', {
    options: {
      data: { type: 'string', default: '../shared/data' },
      weights: { type: 'string' },
      routers: { type: 'string' },
      out: { type: 'string', default: 'models' },
    },
  });
  const { data, out } = values;
  if (!existsSync(join(data, 'outcomes', 'dev'))) {
    throw new ConfigError(
      `no outcomes in ${data}: the report card is measured on outcomes/dev of the data folder ` +
        '(--data FOLDER). Nothing was written.',
    );
  }
  const routers = values.routers?.split(',') ?? localRouters.filter(isRegistered);
  const settings = values.weights === undefined ? {} : { weights: values.weights };
  const open = openRoutersOf(settings, process.env, false);
  const io = { stderr: process.stderr };
  const input = await readEvaluationInput(optionsOf([data], routers, 'default'), io, () => open);
  const evaluation = evaluateAll(input);
  const cascade = compareCascade(cascadeInput(input));
  const japanese = await evaluate(
    {
      ...optionsOf(
        ['train', 'dev'].map((s) => rakudaFile(data, s)),
        routers,
        undefined,
      ),
      pair: pairsWithJapanese(data),
    },
    io,
    () => open,
  );
  const weights = loadRouterWeights(values.weights ?? defaultWeightsFile);
  const train = readOutcomes(join(data, 'outcomes', 'train'));
  const dev = readOutcomes(join(data, 'outcomes', 'dev'));
  const { metadata, hash } = weights;
  const pictures = {
    curves: 'report/curves.svg',
    reliability: 'report/reliability.svg',
    cascade: 'report/cascade.svg',
  };
  const card: ReportCard = {
    ...{ metadata, evaluation, japanese, cascade, pictures },
    weights: { file: values.weights ?? 'models/mf-minilm.safetensors', hash },
    isSameData: metadata.training.dataSha256 === train.sha256,
    sources: readSourceLicences(
      readFileSync(join(data, 'README.md'), 'utf8'),
      train.rows,
      dev.rows,
    ),
    ...(await measureRouters(
      data,
      routers,
      settings,
      dev.rows.map(({ prompt }) => prompt),
    )),
  };
  mkdirSync(join(out, 'report'), { recursive: true });
  writeFileSync(join(out, pictures.curves), evaluationPicture(evaluation));
  writeFileSync(join(out, pictures.reliability), reliabilityPicture(evaluation.calibration).markup);
  writeFileSync(join(out, pictures.cascade), cascadePicture(cascade));
  writeFileSync(join(out, 'REPORT.md'), await format(reportCard(card), { parser: 'markdown' }));
  console.log(`wrote ${[join(out, 'REPORT.md'), ...Object.values(pictures)].join(', ')}`);
}

/** Speed on dev prompts and scores by language and kind of task, with routers whose vectors are already known. */
async function measureRouters(
  data: string,
  routers: readonly string[],
  settings: { readonly weights?: string },
  prompts: readonly string[],
): Promise<Pick<ReportCard, 'speed' | 'languages' | 'tasks'>> {
  const random = seededRandom(1);
  const sample = Array.from(
    { length: speedPrompts },
    () => prompts[Math.floor(random() * prompts.length)]!,
  );
  const traffic = readTraffic(join(data, 'prompts'));
  const texts = traffic.map(({ text }) => text);
  const plain = await createEmbedder({ kind: 'local' });
  try {
    const [strong, weak] = reportedPairs[0]!;
    const routersOver = async (known: readonly string[]) => {
      const source = await openRoutersOf(settings, process.env, false)(routers, known, () => {});
      return { source, ...source.routersFor({ strong, weak }) };
    };
    const timed = await routersOver(sample);
    const speed = await measureSpeed(plain, timed.routers, sample);
    await timed.source.close();
    const asked = await routersOver(texts);
    const embedder: Embedder = await keepEmbeddings(plain, texts);
    const spreadBy = (group: 'language' | 'category', prompts: typeof traffic) =>
      scoreSpread(
        prompts.map((prompt) => ({ text: prompt.text, group: prompt[group] })),
        asked.routers.get(routers[0]!)!,
        embedder,
      );
    const languages = await spreadBy('language', traffic);
    const english = traffic.filter(({ language }) => language === 'en');
    const tasks = await spreadBy('category', english);
    await asked.source.close();
    return { speed, languages, tasks };
  } finally {
    await plain.close();
  }
}

function optionsOf(
  data: readonly string[],
  routers: readonly string[],
  pairs: string | undefined,
): EvaluateOptions {
  return {
    ...{ data, routers, pairs, json: false, withoutContaminated: false },
    ...{ topicData: undefined, db: undefined, strongModel: undefined, weakModel: undefined },
    ...{ pair: undefined, strongPrice: undefined, weakPrice: undefined, answerTokens: undefined },
    ...{
      resamples: undefined,
      seed: undefined,
      minRows: undefined,
      svg: undefined,
      html: undefined,
    },
  };
}

function isRegistered(name: string): boolean {
  return (routerNames as readonly string[]).includes(name);
}

function rakudaFile(data: string, split: string): string {
  return join(data, 'outcomes', split, 'rakuda_ja.jsonl');
}

function pairsWithJapanese(data: string): string[] {
  const text = readFileSync(rakudaFile(data, 'dev'), 'utf8');
  return reportedPairs
    .filter((pair) => pair.every((id) => text.includes(`"${id}"`)))
    .map(([strong, weak]) => `${strong},${weak}`);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
