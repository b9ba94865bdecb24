import { seededRandom } from '../math/random.ts';
import { latentFactors } from '../routing/matrix-factorization.ts';
import type { DevFigure } from '../routing/router-weights-metadata.ts';
import { parseRouterWeights, writeRouterWeights } from '../routing/router-weights.ts';
import { devReport, type DevReport, type PairFigure } from './dev-report.ts';
import { featureMatrix, fitFeatures, type EmbeddedPrompt } from './fit-features.ts';
import { fitWinRate, meanQualities } from './fit-win-rate.ts';
import type { LexicalSettings } from './fit-lexical.ts';
import { joinHeads } from './join-heads.ts';
import type { OutcomeSet } from './outcomes.ts';
import { trainMf, type EpochReport, type TrainSettings } from './train-mf.ts';
import { modelIds, trainingRows, type RowWeights } from './training-rows.ts';

export interface RouterTrainingSettings {
  readonly lexical: LexicalSettings;
  readonly surface: boolean;
  readonly mf: TrainSettings;
  /** Number of heads, from seeds of their own, whose logits are averaged. */
  readonly heads: number;
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
  readonly settings: RouterTrainingSettings;
  readonly licences: readonly string[];
  readonly onEpoch?: (head: number, report: EpochReport) => void;
}

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
  const rowsOf = (set: EmbeddedOutcomes) =>
    trainingRows(set.rows, featureMatrix(set.prompts, features), models, settings.weights);
  const trainRows = rowsOf(train);
  const devRows = rowsOf(dev);
  const trained = Array.from({ length: settings.heads }, (_, i) =>
    trainMf(trainRows, devRows, models.length, { ...settings.mf, seed: seed + i }, (report) =>
      input.onEpoch?.(i, report),
    ),
  );
  const head = joinHeads(trained.map((result) => result.head));
  const meanQuality = meanQualities(head, devRows);
  const winRate = fitWinRate(head, meanQuality, devRows, seed);
  const trafficFactors = latentFactors(
    head,
    featureMatrix(input.traffic, features),
    input.traffic.length,
  );
  const unrounded = { features, head, meanQuality, trafficFactors };
  const bytesWith = (devFigures: DevReport): Uint8Array =>
    writeRouterWeights({
      ...unrounded,
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
        rank: head.rank,
        models,
        winRate,
        trafficPrompts: input.traffic.length,
        training: {
          dataSha256: train.sha256,
          prompts: train.rows.length,
          outcomes: trainRows.models.length,
          seed,
          settings: flatSettings(settings),
          devLoss: mean(trained.map(({ devLoss }) => devLoss)),
          devCalibrationError: devFigures.calibrationError,
          dev: devFigures.figures.map(withoutFloor),
        },
        licences: [...input.licences],
      },
    });
  // The figures are those of the file as it is read back, with its rounded numbers.
  const asRead = parseRouterWeights(bytesWith({ figures: [], calibrationError: 0 }), 'new weights');
  const report = devReport(asRead, winRate, models, dev.rows, dev.prompts);
  return { bytes: bytesWith(report), report };
}

/** The file holds what it reaches; the floors are printed beside it. */
function withoutFloor(figure: PairFigure): DevFigure {
  const { strong, weak, source, prompts, apgr, interval95 } = figure;
  return { strong, weak, source, prompts, apgr, interval95 };
}

function flatSettings(settings: RouterTrainingSettings): Record<string, number | boolean> {
  const { lexical, mf, weights, ...rest } = settings;
  // The seed has a field of its own.
  return {
    ...rest,
    ...mf,
    ...weights,
    lexicalRows: lexical.rows,
    lexicalDimensions: lexical.dimensions,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
