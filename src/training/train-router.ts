import { seededRandom } from '../math/random.ts';
import { latentCount, type MfHead } from '../routing/matrix-factorization.ts';
import type { FactorSettings } from '../routing/prompt-factors.ts';
import { groupsOf, type FeatureSettings } from '../routing/prompt-features.ts';
import type { DevFigure } from '../routing/router-weights-metadata.ts';
import { parseRouterWeights, writeRouterWeights } from '../routing/router-weights.ts';
import {
  belowGuessing,
  heldByTopics,
  withoutBelowGuessing,
  type BelowGuessing,
} from './below-guessing.ts';
import { calibrationReport, halfOf } from './calibration-report.ts';
import { pairFigures, pairsToReport, type DevReport, type PairFigure } from './dev-report.ts';
import { factorMatrix } from './factor-matrix.ts';
import { fitCaution } from './fit-caution.ts';
import { fitFamiliarity, type WordedRows } from './fit-familiarity.ts';
import { featureMatrix, fitFeatures, type EmbeddedPrompt } from './fit-features.ts';
import type { LexicalSettings } from './fit-lexical.ts';
import { fitTopicOffsets } from './fit-topic-offsets.ts';
import { addTopics, topicNames, type TopicSettings } from './fit-topics.ts';
import { fitOpenness, type KindOfPrompt } from './fit-openness.ts';
import { fitWinRate, meanQualities } from './fit-win-rate.ts';
import { selectColumns, viewColumns } from './head-view.ts';
import type { TrainingRows } from './mf-loss.ts';
import { topicOf, type OutcomeSet } from './outcomes.ts';
import { trainHeads } from './train-heads.ts';
import type { EpochReport, TrainSettings, TrainState } from './train-mf.ts';
import { modelCounts, modelIds, trainingRows, type RowWeights } from './training-rows.ts';

export interface RouterTrainingSettings {
  readonly lexical: LexicalSettings;
  readonly surface: boolean;
  readonly mf: TrainSettings;
  /** For each head, from a seed of its own, the groups of x that it sees; their logits are averaged. */
  readonly views: readonly (readonly string[])[];
  /** Whether the models' factors are settled after training (settle-models.ts). */
  readonly settled: boolean;
  /** Null: without topics (fit-topics.ts). */
  readonly topics: Omit<TopicSettings, 'seed'> | null;
  readonly weights: RowWeights;
}

/** A data set with the embedding of each row's prompt, in the same order. */
export interface EmbeddedOutcomes extends OutcomeSet {
  readonly prompts: readonly EmbeddedPrompt[];
}

export interface RouterTrainingInput {
  readonly embedder: { readonly id: string; readonly dimensions: number };
  readonly train: EmbeddedOutcomes;
  readonly dev: EmbeddedOutcomes;
  /** Reference traffic; every prompt weighs the same. */
  readonly traffic: readonly EmbeddedPrompt[];
  /** Prompts whose kind of task is known; may be none. */
  readonly kinds: readonly (EmbeddedPrompt & KindOfPrompt)[];
  readonly settings: RouterTrainingSettings;
  readonly licences: readonly string[];
  readonly onEpoch?: (head: number, report: EpochReport) => void;
  /** Where states of unfinished heads are kept; left out: nowhere. */
  readonly checkpoints?: Checkpoints;
}

export interface Checkpoints {
  load(head: number): TrainState | null;
  save(head: number, state: TrainState): void;
}

/**
 * Nearer to "every prompt counts once" than training is, where a small source counts for more. With a
 * source power of 0.5, 0.75 and 1 the cross-fitted calibration error on dev is 0.019, 0.009 and 0.010
 * (local encoder); with 0.25 it was twice that of 0.5 (fast: 0.045 against 0.023).
 */
const calibrationWeights: RowWeights = { modelPower: 0.5, sourcePower: 0.75 };

/** Trains on `train`, chooses and calibrates on `dev`. The file's bytes depend on the input alone. */
export function trainRouter(input: RouterTrainingInput): { bytes: Uint8Array; report: DevReport } {
  const { train, dev, settings, embedder } = input;
  const { seed } = settings.mf;
  const models = modelIds(train.rows);
  const features = fitFeatures(
    train.prompts,
    settings.lexical,
    settings.surface,
    seededRandom(seed),
  );
  const topics = settings.topics ? topicNames(train.rows.map(topicOf)) : [];
  const below = heldByTopics(belowGuessing(train.rows), train.rows, new Set(topics));
  const rowsOf = ({ rows, prompts }: EmbeddedOutcomes) =>
    trainingRows(
      withoutBelowGuessing(rows, below),
      featureMatrix(prompts, features),
      models,
      settings.weights,
    );
  const trainRows = rowsOf(train);
  const devRows = rowsOf(dev);
  const { head: factored, devLoss } = trainHeads(
    input,
    features,
    trainRows,
    devRows,
    models.length,
  );
  const caution = fitCaution(
    train.prompts.map(({ text }) => text),
    trainRows,
    factored,
  );
  const openness = fitOpenness(
    { x: featureMatrix(input.kinds, features), kinds: input.kinds },
    { x: trainRows.x, sources: train.rows.map(({ source }) => source) },
  );
  const familiarity = fitFamiliarity(
    wordedRows(train, trainRows, features),
    wordedRows(dev, devRows, features),
    { head: factored, rows: trainRows },
    seededRandom(seed),
  );
  const cautions = { features, caution, openness, familiarity };
  const allRows = trainingRows(train.rows, trainRows.x, models, settings.weights);
  const head = withTopics(factored, allRows, train, below, cautions, settings);
  const factors = { ...cautions, head };
  const devFactors = factorMatrix(dev.prompts, factors);
  const mix = trainingRows(dev.rows, devRows.x, models, calibrationWeights);
  const meanQuality = meanQualities(head, mix, devFactors);
  const winRateOn = (half?: 0 | 1) => {
    const counted = { ...mix, weights: mix.weights.slice() };
    for (const [i, row] of dev.rows.entries()) {
      if (half !== undefined && halfOf(row) !== half) counted.weights[i] = 0;
    }
    return fitWinRate(head, meanQuality, counted, devFactors, seed);
  };
  const winRate = winRateOn();
  const trafficFactors = factorMatrix(input.traffic, factors);
  const bytesWith = ({ figures, calibration }: DevReport): Uint8Array =>
    writeRouterWeights({
      ...{ ...factors, meanQuality, trafficFactors },
      metadata: {
        formatVersion: 1,
        kind: 'mf',
        embedder: { id: embedder.id, dimensions: embedder.dimensions },
        features: {
          lexicalRows: features.lexical.rows.size,
          lexicalDimensions: features.lexical.dimensions,
          surface: features.surface,
        },
        hidden: head.hidden,
        rank: latentCount(head),
        topics: [...(head.topics?.names ?? [])],
        topicsOfForm: (head.topics?.names ?? []).filter((_, t) => head.topics!.ofForm[t]),
        models,
        winRate,
        trafficPrompts: input.traffic.length,
        training: {
          dataSha256: train.sha256,
          prompts: train.rows.length,
          outcomes: allRows.models.length,
          ...modelCounts(train.rows, models),
          seed,
          settings: flatSettings(settings),
          devLoss,
          devCalibrationError: calibration.crossFitted,
          dev: figures.map(withoutFloor),
        },
        licences: [...input.licences],
      },
    });
  const nothing = { crossFitted: null, sameRows: null, pairs: [] };
  // The figures are those of the file as it is read back, with its rounded numbers.
  const asRead = parseRouterWeights(
    bytesWith({ figures: [], calibration: nothing }),
    'new weights',
  );
  const measured = { rows: dev.rows, factors: factorMatrix(dev.prompts, asRead) };
  const lines = [winRateOn(0), winRateOn(1)] as const;
  const pairs = pairsToReport(dev.rows);
  const report = {
    figures: pairFigures(asRead, measured, pairs),
    calibration: calibrationReport(asRead, dev.rows, measured.factors, lines, pairs),
  };
  return { bytes: bytesWith(report), report };
}

/** The head with topics and the models' offsets, if the settings ask for them. */
function withTopics(
  head: MfHead,
  rows: TrainingRows,
  { rows: outcomes, prompts }: EmbeddedOutcomes,
  below: BelowGuessing,
  cautions: Omit<FactorSettings, 'head'>,
  { topics, mf }: RouterTrainingSettings,
): MfHead {
  if (!topics) return head;
  const topicsOf = outcomes.map(topicOf);
  const wide = addTopics(head, rows, topicsOf, new Set(below.keys()), { ...topics, seed: mf.seed });
  const factors = factorMatrix(prompts, { ...cautions, head: wide });
  return fitTopicOffsets(wide, rows, factors, topicsOf, topics.ridge);
}

function wordedRows(set: EmbeddedOutcomes, x: TrainingRows, features: FeatureSettings): WordedRows {
  const columns = viewColumns(groupsOf(features), ['wording']);
  return { rows: set.rows, wording: selectColumns(x, columns).x };
}

/** The file holds what it reaches; the floors are printed beside it. */
function withoutFloor(figure: PairFigure): DevFigure {
  const { strong, weak, source, prompts, apgr, interval95 } = figure;
  return { strong, weak, source, prompts, apgr, interval95 };
}

function flatSettings(settings: RouterTrainingSettings): Record<string, number | string | boolean> {
  const { lexical, mf, weights, views, surface, settled, topics } = settings;
  // The seed has a field of its own.
  return {
    surface,
    settled,
    views: views.map((view) => view.join(' + ')).join('; '),
    ...mf,
    ...weights,
    topics: topics
      ? Object.entries(topics)
          .map(([name, value]) => `${name} ${value}`)
          .join(', ')
      : 'none',
    lexicalRows: lexical.rows,
    lexicalDimensions: lexical.dimensions,
  };
}
