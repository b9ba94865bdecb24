// Landmarks are drawn from the training prompts; what a known task looks like to them is shown by the prompts of
// dev, other questions of the same tasks; what an unknown one looks like, by the same prompts once the landmarks of
// their task are left out.
import { power } from '../math/power.ts';
import type { Random } from '../math/random.ts';
import { nearestCosine, type FamiliaritySettings } from '../routing/familiarity.ts';
import { factorsOf, type MfHead } from '../routing/matrix-factorization.ts';
import { fitLogistic } from './logistic-regression.ts';
import type { TrainingRows } from './mf-loss.ts';
import type { Outcome } from './outcomes.ts';
import { byFrequency, countBy } from './training-rows.ts';

const landmarkCount = 256;
/** A source gets landmarks by the square root of its questions. */
const sourcePower = 0.5;
/** Leaving one of two tasks out would show how one task differs from another, not how tasks differ. */
const fewestTasks = 3;
/** Landmarks are drawn anew for each task that is left out; of more tasks the largest tell enough. */
const mostTasks = 64;
/** Of the questions of the smaller of two sources: with so many in common they are one task. */
const sharedShare = 0.05;
/** Small tasks are heard beside large ones, but for less. */
const taskPower = 0.25;
/** The least that wording must tell: from one cosine to the opposite, odds of e^2. */
const smallestSlope = 1;
/** Total weight of known and of unknown prompts each; the ridge on the slope is small beside it. */
const totalWeight = 1000;
const ridge = 0.1;

/** Prompts with outcomes: where they are from, and the part of x that speaks for their wording. */
export interface WordedRows {
  readonly rows: readonly Pick<Outcome, 'source' | 'key'>[];
  /** [rows x wording] */
  readonly wording: Float64Array;
}

/** @returns null where the data has too few tasks to tell, or their wording does not tell */
export function fitFamiliarity(
  train: WordedRows,
  dev: WordedRows,
  fitted: { readonly head: MfHead; readonly rows: TrainingRows },
  random: Random,
): FamiliaritySettings | null {
  const width = train.wording.length / train.rows.length;
  const taskOf = tasksOf(train.rows);
  const devTasks = dev.rows.map(({ source }) => taskOf.get(source));
  const tasks = largestTasks(devTasks);
  if (width === 0 || tasks.size < fewestTasks) return null;
  const draw = (without?: string): Float64Array => {
    const drawn = drawLandmarks(train.rows, random, (source) => taskOf.get(source) !== without);
    return unitRows(train.wording, drawn, width);
  };
  const landmarks = draw();
  const cosine = (i: number, marks: Float64Array): number =>
    nearestCosine(rowOf(dev.wording, i, width), marks);
  const known = dev.rows.map((_, i) => cosine(i, landmarks));
  const unknown = known.slice();
  // One task after the other: landmarks for thousands of tasks at a time would fill the memory.
  for (const task of tasks) {
    const others = draw(task);
    for (const [i, of] of devTasks.entries()) {
      if (of === task) unknown[i] = cosine(i, others);
    }
  }
  const { weights, bias } = fitLogistic(
    {
      x: Float64Array.from([...known, ...unknown]),
      isTrue: [...known.map(() => true), ...known.map(() => false)],
      weights: weightsOf(devTasks.map((task) => (tasks.has(task!) ? task : undefined))),
    },
    1,
    ridge,
  );
  const slope = weights[0]!;
  return slope >= smallestSlope ? { landmarks, slope, bias, centre: meanFactors(fitted) } : null;
}

/** Source -> its task, named after one of its sources. Sources that share questions are one task. */
export function tasksOf(rows: WordedRows['rows']): Map<string, string> {
  const keys = new Map<string, Set<string>>();
  for (const { source, key } of rows) {
    if (!keys.has(source)) keys.set(source, new Set());
    keys.get(source)!.add(key);
  }
  const sources = [...keys.keys()];
  const task = new Map(sources.map((source) => [source, source]));
  for (const { a, b, shared } of sharedQuestions([...keys.values()])) {
    const [first, second] = [sources[a]!, sources[b]!];
    if (shared < sharedShare * Math.min(keys.get(first)!.size, keys.get(second)!.size)) continue;
    const [kept, gone] = [task.get(first)!, task.get(second)!];
    for (const source of sources) if (task.get(source) === gone) task.set(source, kept);
  }
  return task;
}

/** Pairs of sources a < b with questions in common, in the order of a, then b. */
function sharedQuestions(
  questions: readonly ReadonlySet<string>[],
): { readonly a: number; readonly b: number; readonly shared: number }[] {
  const holders = new Map<string, number[]>();
  const shared = new Map<number, number>();
  for (const [b, keys] of questions.entries()) {
    for (const key of keys) {
      const before = holders.get(key) ?? [];
      for (const a of before) {
        const pair = a * questions.length + b;
        shared.set(pair, (shared.get(pair) ?? 0) + 1);
      }
      holders.set(key, before);
      before.push(b);
    }
  }
  return [...shared]
    .sort(([p], [q]) => p - q)
    .map(([pair, count]) => ({
      a: Math.floor(pair / questions.length),
      b: pair % questions.length,
      shared: count,
    }));
}

function largestTasks(tasks: readonly (string | undefined)[]): ReadonlySet<string> {
  const counts = countBy(tasks.filter((task) => task !== undefined));
  if (counts.size <= mostTasks) return new Set(counts.keys());
  const largest = byFrequency(counts).slice(0, mostTasks);
  return new Set(largest.map(([task]) => task));
}

/** Rows of different questions, without replacement (Efraimidis & Spirakis 2006: largest u^(1/w)). */
function drawLandmarks(
  rows: WordedRows['rows'],
  random: Random,
  isWanted: (source: string) => boolean,
): number[] {
  const seen = new Set<string>();
  const questions = Array.from(rows.keys()).filter((i) => {
    const { source, key } = rows[i]!;
    if (!isWanted(source) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const counts = countBy(questions.map((i) => rows[i]!.source));
  const rank = new Map(
    questions.map((i) => {
      const weight = power(counts.get(rows[i]!.source)!, sourcePower - 1);
      return [i, Math.log(1 - random()) / weight];
    }),
  );
  return questions.sort((a, b) => rank.get(b)! - rank.get(a)!).slice(0, landmarkCount);
}

function unitRows(wording: Float64Array, rows: readonly number[], width: number): Float64Array {
  const unit = new Float64Array(rows.length * width);
  for (const [r, i] of rows.entries()) {
    const row = rowOf(wording, i, width);
    const size = Math.hypot(...row) || 1;
    for (let j = 0; j < width; j++) unit[r * width + j] = row[j]! / size;
  }
  return unit;
}

function rowOf(matrix: Float64Array, i: number, width: number): Float64Array {
  return matrix.subarray(i * width, (i + 1) * width);
}

/** Known and unknown prompts weigh the same in all; within each, a task by its number of prompts to the power given. */
function weightsOf(tasks: readonly (string | undefined)[]): Float64Array {
  const counts = countBy(tasks.map((task) => task ?? ''));
  const one = tasks.map((task) =>
    task === undefined ? 0 : power(counts.get(task)!, taskPower - 1),
  );
  const sum = one.reduce((total, weight) => total + weight, 0);
  const scaled = one.map((weight) => (totalWeight * weight) / sum);
  return Float64Array.from([...scaled, ...scaled]);
}

/** Weighted like the training rows, so that no source speaks for all. */
function meanFactors({
  head,
  rows: { x, count, weights },
}: {
  readonly head: MfHead;
  readonly rows: TrainingRows;
}): Float64Array {
  const { rank } = head;
  const factors = factorsOf(head, x, count);
  const mean = new Float64Array(rank);
  let total = 0;
  for (let i = 0; i < count; i++) {
    total += weights[i]!;
    for (let r = 0; r < rank; r++) mean[r]! += weights[i]! * factors[i * rank + r]!;
  }
  return mean.map((sum) => sum / total);
}
