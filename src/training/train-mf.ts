import { normal, seededRandom, shuffle, type Random } from '../math/random.ts';
import { clamp, logit } from '../math/vector.ts';
import type { MfHead } from '../routing/matrix-factorization.ts';
import { createAdam } from './adam.ts';
import {
  addGradients,
  emptyGradients,
  meanLoss,
  parameterNames,
  type ParameterName,
  type TrainingRows,
} from './mf-loss.ts';

export interface TrainSettings {
  readonly rank: number;
  readonly hidden: number;
  readonly epochs: number;
  /** Epochs without a better loss on dev after which training stops. */
  readonly patience: number;
  /** Prompts a step; fewer where the data would give few steps. */
  readonly batch: number;
  /** Highest learning rate; it warms up over 100 steps and falls along a half cosine. */
  readonly rate: number;
  /** Weight decay of the matrices that all models share; biases are free. */
  readonly decay: number;
  /** Weight decay of the models' own factors: less, or models with few outcomes lose theirs. */
  readonly modelDecay: number;
  /** Share of the numbers of x, and of the hidden units, that a step does not see. */
  readonly dropout: number;
  readonly hiddenDropout: number;
  /** Share of the loss that asks for the differences between models (mf-loss.ts), 0..1. */
  readonly gapShare: number;
  readonly seed: number;
}

export interface EpochReport {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly devLoss: number;
}

/** Where training stands after an epoch; with the settings and the data, all that the rest depends on. */
export interface TrainState {
  readonly epoch: number;
  readonly bestEpoch: number;
  readonly bestLoss: number;
  /** Per parameter, in the order of `parameterNames`. */
  readonly parameters: readonly Float64Array[];
  readonly best: readonly Float64Array[];
  readonly first: readonly Float64Array[];
  readonly second: readonly Float64Array[];
}

export interface TrainHooks {
  readonly onEpoch?: (report: EpochReport) => void;
  /** Where an earlier run was cut off. */
  readonly resumeFrom?: TrainState | null;
  /** Told after every epoch; the arrays are live and must be copied or written at once. */
  readonly onState?: (state: TrainState) => void;
}

/**
 * Fits a head to `train`; of all epochs the one with the least loss on `dev` is returned, and training
 * stops when `patience` epochs have not bettered it. The same input gives the same head,
 * bit for bit, also from any state on: every epoch draws from a seed of its own.
 */
export function trainMf(
  train: TrainingRows,
  dev: TrainingRows,
  modelCount: number,
  settings: TrainSettings,
  { onEpoch, resumeFrom, onState }: TrainHooks = {},
): MfHead {
  const inputs = train.x.length / train.count;
  const head = initialHead(train, inputs, modelCount, settings, seededRandom(settings.seed));
  const best = copyHead(head);
  const size = batchSize(train.count, settings.batch);
  const batches = Math.floor(train.count / size);
  const gradients = emptyGradients(head);
  let step = (resumeFrom?.epoch ?? 0) * batches;
  const optimizers = parameterNames.map((name) => ({
    adam: createAdam(head[name], gradients[name], step),
    decay: decayOf(name, settings),
  }));
  const live = {
    parameters: parameterNames.map((name) => head[name]),
    best: parameterNames.map((name) => best[name]),
    first: optimizers.map(({ adam }) => adam.first),
    second: optimizers.map(({ adam }) => adam.second),
  };
  let { epoch, bestEpoch, bestLoss } = resumeFrom ?? { epoch: 0, bestEpoch: 0, bestLoss: Infinity };
  if (resumeFrom) copyState(resumeFrom, live);
  while (epoch < settings.epochs && epoch - bestEpoch < settings.patience) {
    epoch++;
    const random = seededRandom(settings.seed + epoch * seedStride);
    const order = Uint32Array.from({ length: train.count }, (_, i) => i);
    shuffle(order, random);
    let trainLoss = 0;
    for (let b = 0; b < batches; b++) {
      const batch = order.subarray(b * size, (b + 1) * size);
      for (const name of parameterNames) gradients[name].fill(0);
      const x = droppedRows(train.x, batch, inputs, settings.dropout, random);
      const mask = dropoutMask(size * settings.hidden, settings.hiddenDropout, random);
      trainLoss += addGradients(head, train, batch, x, gradients, mask, settings.gapShare) / size;
      for (const name of parameterNames) scaleBy(gradients[name], 1 / size);
      const rate = rateAt(step++, settings.epochs * batches, settings.rate);
      for (const { adam, decay } of optimizers) adam.step(rate, decay);
    }
    const devLoss = meanLoss(head, dev, settings.gapShare);
    if (devLoss < bestLoss) {
      [bestEpoch, bestLoss] = [epoch, devLoss];
      for (const name of parameterNames) best[name].set(head[name]);
    }
    onState?.({ epoch, bestEpoch, bestLoss, ...live });
    onEpoch?.({ epoch, trainLoss: trainLoss / batches, devLoss });
  }
  return best;
}

/** Steps that an epoch has at least: the rate warms up over 100, and a few large ones leave a head untrained. */
const fewestSteps = 50;
const smallestBatch = 8;

/** Prompts a step: as many as wanted, fewer where there would be too few steps. */
export function batchSize(rows: number, wanted: number): number {
  const small = Math.max(smallestBatch, Math.floor(rows / fewestSteps));
  return Math.min(wanted, small, rows);
}

/** Keeps the seeds of epochs apart from those of other heads, which are near each other. */
const seedStride = 1_000_003;

type StateArrays = Pick<TrainState, 'parameters' | 'best' | 'first' | 'second'>;

function copyState(from: StateArrays, to: StateArrays): void {
  for (const part of ['parameters', 'best', 'first', 'second'] as const) {
    for (const [i, array] of from[part].entries()) to[part][i]!.set(array);
  }
}

/** Small random matrices; the bias of a model starts at the log odds of its mean quality. */
function initialHead(
  train: TrainingRows,
  inputs: number,
  modelCount: number,
  { rank, hidden }: TrainSettings,
  random: Random,
): MfHead {
  const noise = (length: number, scale: number): Float64Array =>
    Float64Array.from({ length }, () => scale * normal(random));
  const sums = new Float64Array(modelCount);
  const counts = new Float64Array(modelCount);
  for (const [o, model] of train.models.entries()) {
    sums[model]! += train.qualities[o]!;
    counts[model]!++;
  }
  const models = noise(modelCount * rank, 0.2);
  // A common first factor: prompts are harder or easier for all models together.
  for (let m = 0; m < modelCount; m++) models[m * rank]! += 0.5;
  return {
    inputs,
    hidden,
    rank,
    linear: noise(rank * inputs, 0.5 / Math.sqrt(inputs)),
    hiddenWeights: noise(hidden * inputs, Math.sqrt(2 / inputs)),
    hiddenBias: new Float64Array(hidden),
    output: noise(rank * hidden, 0.5 / Math.sqrt(Math.max(1, hidden))),
    models,
    modelBias: counts.map((count, m) => logit(clamp(count ? sums[m]! / count : 0.5, 0.03, 0.97))),
    topics: null,
  };
}

function decayOf(name: ParameterName, settings: TrainSettings): number {
  if (name === 'hiddenBias' || name === 'modelBias') return 0;
  return name === 'models' ? settings.modelDecay : settings.decay;
}

function rateAt(step: number, steps: number, rate: number): number {
  return rate * Math.min(1, (step + 1) / 100) * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
}

function droppedRows(
  all: Float64Array,
  batch: Uint32Array,
  inputs: number,
  dropout: number,
  random: Random,
): Float64Array {
  const x = new Float64Array(batch.length * inputs);
  const scale = 1 / (1 - dropout);
  for (const [i, row] of batch.entries()) {
    for (let t = 0; t < inputs; t++) {
      if (random() >= dropout) x[i * inputs + t] = scale * all[row * inputs + t]!;
    }
  }
  return x;
}

function dropoutMask(length: number, dropout: number, random: Random): Float64Array {
  const scale = 1 / (1 - dropout);
  return Float64Array.from({ length }, () => (random() >= dropout ? scale : 0));
}

function scaleBy(values: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
}

function copyHead(head: MfHead): MfHead {
  const copy: MfHead = { ...head };
  const arrays = Object.fromEntries(parameterNames.map((name) => [name, head[name].slice()]));
  return Object.assign(copy, arrays);
}
