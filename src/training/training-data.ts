import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { listSome } from '../list-some.ts';
import { readOutcomes, type Outcome, type OutcomeSet } from './outcomes.ts';
import type { KindOfPrompt } from './fit-openness.ts';
import { questionShare } from './question-share.ts';
import { modelIds } from './training-rows.ts';
import { kindOf, readTraffic, resample, trafficWeights, type TrafficPrompt } from './traffic.ts';

export interface TrainingData {
  readonly train: OutcomeSet;
  readonly dev: OutcomeSet;
  /** Prompts whose scores the default threshold halves; each weighs the same. */
  readonly traffic: readonly string[];
  /** Everyday prompts whose kind of task is known; none where the data has no `prompts`. */
  readonly kinds: readonly (KindOfPrompt & { readonly text: string })[];
}

const trafficPrompts = 1000;
/** An eighth of the questions is kept to choose on, where the data does not come split. */
const devShare = 1 / 8;
/** Fewer say nothing. */
const fewestRows = 20;
const mostNamed = 8;

/**
 * A folder that holds `outcomes/train` and `outcomes/dev` (or `train` and `dev`) and perhaps
 * `prompts`; else a .jsonl file or a folder of them, which is split by question here.
 * @throws ConfigError
 */
export function readTrainingData(path: string): TrainingData {
  const folder = [join(path, 'outcomes'), path].find((name) => existsSync(join(name, 'train')));
  const { train, dev } =
    folder === undefined
      ? split(readOutcomes(path))
      : { train: readOutcomes(join(folder, 'train')), dev: readOutcomes(join(folder, 'dev')) };
  if (folder === undefined) assertManyQuestions(path, train, dev);
  else assertOtherIds(folder, train, dev);
  assertComparable(path, train, dev);
  const everyday = everydayPrompts(path);
  return { train, dev, traffic: trafficOf(everyday, train.rows), kinds: everyday.flatMap(kindOf) };
}

function split({ rows, sha256 }: OutcomeSet): { train: OutcomeSet; dev: OutcomeSet } {
  const isDev = ({ key }: Outcome): boolean => questionShare(key, 'dev') < devShare;
  return {
    train: { rows: rows.filter((row) => !isDev(row)), sha256 },
    dev: { rows: rows.filter(isDev), sha256 },
  };
}

/** @throws ConfigError when a part of the split is left with next to nothing */
function assertManyQuestions(path: string, train: OutcomeSet, dev: OutcomeSet): void {
  if (Math.min(train.rows.length, dev.rows.length) >= fewestRows) return;
  const rows = [...train.rows, ...dev.rows];
  const questions = new Set(rows.map(({ key }) => key)).size;
  throw new ConfigError(
    `${path} leaves ${train.rows.length} prompts to train on and ${dev.rows.length} to choose on, of each ` +
      `at least ${fewestRows} are needed: give about ${fewestRows / devShare} prompts or more of ` +
      `different questions (here: ${rows.length} prompts of ${questions} questions, told apart by key, else by ` +
      'their words)',
  );
}

/** @throws ConfigError when a row to choose on is trained on, too */
function assertOtherIds(folder: string, train: OutcomeSet, dev: OutcomeSet): void {
  const trained = new Set(train.rows.map(({ id }) => id));
  const twice = dev.rows.map(({ id }) => id).filter((id) => trained.has(id));
  if (twice.length === 0) return;
  throw new ConfigError(
    `${twice.length} ids are both in train and in dev of ${folder}: ${listSome(twice, mostNamed)}`,
  );
}

/** @throws ConfigError when too few prompts show how two models compare */
function assertComparable(path: string, train: OutcomeSet, dev: OutcomeSet): void {
  const models = new Set(modelIds(train.rows));
  const compared = ({ rows }: OutcomeSet): number =>
    rows.filter(({ scores }) => Object.keys(scores).filter((id) => models.has(id)).length >= 2)
      .length;
  const counts = { 'to train on': compared(train), 'to choose on': compared(dev) };
  for (const [use, count] of Object.entries(counts)) {
    if (count >= fewestRows) continue;
    throw new ConfigError(
      `${path} has ${count} prompts ${use} that two models of the training data have answered, at least ` +
        `${fewestRows} are needed: models are compared by their scores on the same prompt ` +
        `(${models.size} models to train on: ${[...models].slice(0, mostNamed).join(', ')})`,
    );
  }
  if (train.rows.every(({ scores }) => new Set(Object.values(scores)).size < 2)) {
    throw new ConfigError(
      `${path} has no prompt to train on that one model answers better than another: nothing to learn`,
    );
  }
}

function everydayPrompts(path: string): TrafficPrompt[] {
  const folder = join(path, 'prompts');
  return existsSync(folder) ? readTraffic(folder) : [];
}

/** Everyday prompts where there are some, else the training prompts themselves. */
function trafficOf(everyday: readonly TrafficPrompt[], rows: readonly Outcome[]): string[] {
  if (everyday.length > 0) {
    return resample(trafficWeights(everyday), trafficPrompts).map((i) => everyday[i]!.text);
  }
  const weights = new Float64Array(rows.length).fill(1);
  const count = Math.min(trafficPrompts, rows.length);
  return resample(weights, count).map((i) => rows[i]!.prompt);
}
