import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { readOutcomes, type Outcome, type OutcomeSet } from './outcomes.ts';
import type { KindOfPrompt } from './fit-openness.ts';
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
const fewestDevRows = 20;

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
  if (dev.rows.length < fewestDevRows) {
    throw new ConfigError(
      `${path} leaves ${dev.rows.length} prompts to choose on, at least ${fewestDevRows} are ` +
        `needed: give about ${fewestDevRows / devShare} prompts or more`,
    );
  }
  const models = new Set(train.rows.flatMap(({ scores }) => Object.keys(scores)));
  if (models.size < 2) {
    throw new ConfigError(`${path} has outcomes of ${models.size} model, at least 2 are needed`);
  }
  const everyday = everydayPrompts(path);
  return { train, dev, traffic: trafficOf(everyday, train.rows), kinds: everyday.flatMap(kindOf) };
}

function split({ rows, sha256 }: OutcomeSet): { train: OutcomeSet; dev: OutcomeSet } {
  const isDev = ({ key }: Outcome): boolean => {
    const digest = createHash('sha256').update(`dev:${key}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32 < devShare;
  };
  return {
    train: { rows: rows.filter((row) => !isDev(row)), sha256 },
    dev: { rows: rows.filter(isDev), sha256 },
  };
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
