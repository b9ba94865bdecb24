// A few dozen shared factors cannot hold how each model does in each subject; its own outcomes there say it directly.
// So behind the latent factors of a prompt stand its shares of the topics of the training data
// (../routing/topics.ts), and behind those of a model an offset in log odds for each of them, fitted to what the
// latent factors leave of its outcomes (fit-topic-offsets.ts).
import { seededRandom, shuffle } from '../math/random.ts';
import { addTransposedProduct, sideBySide } from '../math/matrix.ts';
import type { MfHead } from '../routing/matrix-factorization.ts';
import { topicShares, type TopicLayer } from '../routing/topics.ts';
import { createAdam } from './adam.ts';
import type { TrainingRows } from './mf-loss.ts';
import { batchSize } from './train-mf.ts';
import { byFrequency, countBy } from './training-rows.ts';

export interface TopicSettings {
  readonly epochs: number;
  /** Learning rate at the start; it falls to 0 along a line. */
  readonly rate: number;
  readonly decay: number;
  /** Prompts a step; fewer where the data would give few steps. */
  readonly batch: number;
  /** 1 / variance that offsets are taken to have, in log odds. */
  readonly ridge: number;
  readonly seed: number;
}

/** A topic of fewer prompts teaches nothing. */
const fewestPrompts = 10;
/** A score costs as much as its topics; of data that is cut finer the largest are kept. */
const mostTopics = 256;

/**
 * The head with topics, all offsets 0; as it was where the rows have fewer than two topics. Comes after all other
 * training of a head, which takes the factors for latent ones.
 * @param topics of each row
 * @param ofForm topics that count only where options are given
 */
export function addTopics(
  head: MfHead,
  rows: TrainingRows,
  topics: readonly string[],
  ofForm: ReadonlySet<string>,
  settings: TopicSettings,
): MfHead {
  const names = topicNames(topics);
  if (names.length === 0) return head;
  const count = head.modelBias.length;
  return {
    ...head,
    rank: head.rank + names.length,
    models: sideBySide(head.models, new Float64Array(count * names.length), count),
    topics: {
      ...fitLayer(rows, topics, names, settings),
      ofForm: names.map((name) => ofForm.has(name)),
    },
  };
}

/** The topics that a head of such rows gets: the largest; none where there are fewer than two. */
export function topicNames(topics: readonly string[]): string[] {
  const names = byFrequency(countBy(topics))
    .slice(0, mostTopics)
    .filter(([, count]) => count >= fewestPrompts)
    .map(([name]) => name)
    .sort();
  return names.length < 2 ? [] : names;
}

/** Cross entropy of the topics, every prompt counting once, by AdamW. */
function fitLayer(
  { x, count }: TrainingRows,
  topics: readonly string[],
  names: readonly string[],
  { epochs, rate, decay, batch, seed }: TopicSettings,
): Omit<TopicLayer, 'ofForm'> {
  const inputs = x.length / count;
  const index = new Map(names.map((name, t) => [name, t]));
  const known = Uint32Array.from(topics.keys()).filter((i) => index.has(topics[i]!));
  const layer = {
    names,
    weights: new Float64Array(names.length * inputs),
    bias: new Float64Array(names.length),
  };
  const slopes = {
    weights: new Float64Array(layer.weights.length),
    bias: new Float64Array(layer.bias.length),
  };
  const weights = createAdam(layer.weights, slopes.weights);
  const bias = createAdam(layer.bias, slopes.bias);
  const size = batchSize(known.length, batch);
  const batches = Math.floor(known.length / size);
  const random = seededRandom(seed);
  for (let step = 0; step < epochs * batches; step++) {
    const at = step % batches;
    if (at === 0) shuffle(known, random);
    const some = known.subarray(at * size, (at + 1) * size);
    const seen = new Float64Array(size * inputs);
    for (const [i, row] of some.entries()) {
      seen.set(x.subarray(row * inputs, (row + 1) * inputs), i * inputs);
    }
    // d CE / d z = share - (1 where it is the topic)
    const errors = topicShares(layer, seen, size);
    for (const [i, row] of some.entries()) {
      errors[i * names.length + index.get(topics[row]!)!]! -= 1;
    }
    for (let e = 0; e < errors.length; e++) errors[e]! /= size;
    slopes.weights.fill(0);
    addTransposedProduct(slopes.weights, errors, seen, size, names.length, inputs);
    slopes.bias.fill(0);
    for (let e = 0; e < errors.length; e++) slopes.bias[e % names.length]! += errors[e]!;
    const now = rate * (1 - step / (epochs * batches));
    weights.step(now, decay);
    bias.step(now, 0);
  }
  return layer;
}
