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
  readonly seed: number;
}

export interface EpochReport {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly devLoss: number;
}

/**
 * Fits a head to `train`; of all epochs the one with the least loss on `dev` is returned. The same
 * input gives the same head, bit for bit.
 */
export function trainMf(
  train: TrainingRows,
  dev: TrainingRows,
  modelCount: number,
  settings: TrainSettings,
  onEpoch: (report: EpochReport) => void = () => {},
): { head: MfHead; devLoss: number } {
  const random = seededRandom(settings.seed);
  const inputs = train.x.length / train.count;
  const head = initialHead(train, inputs, modelCount, settings, random);
  const gradients = emptyGradients(head);
  const optimizers = parameterNames.map((name) => ({
    adam: createAdam(head[name], gradients[name]),
    decay: decayOf(name, settings),
  }));
  const order = Uint32Array.from({ length: train.count }, (_, i) => i);
  const size = Math.min(settings.batch, train.count);
  const batches = Math.floor(train.count / size);
  let best = { head: copyHead(head), devLoss: Infinity };
  let step = 0;
  for (let epoch = 1; epoch <= settings.epochs; epoch++) {
    shuffle(order, random);
    let trainLoss = 0;
    for (let b = 0; b < batches; b++) {
      const batch = order.subarray(b * size, (b + 1) * size);
      for (const name of parameterNames) gradients[name].fill(0);
      const x = droppedRows(train.x, batch, inputs, settings.dropout, random);
      const mask = dropoutMask(size * settings.hidden, settings.hiddenDropout, random);
      trainLoss += addGradients(head, train, batch, x, gradients, mask) / size;
      for (const name of parameterNames) scaleBy(gradients[name], 1 / size);
      const rate = rateAt(step++, settings.epochs * batches, settings.rate);
      for (const { adam, decay } of optimizers) adam.step(rate, decay);
    }
    const devLoss = meanLoss(head, dev);
    if (devLoss < best.devLoss) best = { head: copyHead(head), devLoss };
    onEpoch({ epoch, trainLoss: trainLoss / batches, devLoss });
  }
  return best;
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
