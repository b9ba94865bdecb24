import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { familiarityOf } from '../../../src/routing/familiarity.ts';
import type { MfHead } from '../../../src/routing/matrix-factorization.ts';
import { fitFamiliarity, tasksOf, type WordedRows } from '../../../src/training/fit-familiarity.ts';
import { trainingRows } from '../../../src/training/training-rows.ts';

const width = 8;

/** Prompts of each task lie about an axis of their own. */
function wordedRows(tasks: readonly string[], count: number, seed: number): WordedRows {
  const random = seededRandom(seed);
  const rows = tasks.flatMap((source) =>
    Array.from({ length: count }, (_, i) => ({ source, key: `${source}/${seed}/${i}` })),
  );
  const wording = new Float64Array(rows.length * width);
  for (const [i, { source }] of rows.entries()) {
    for (let j = 0; j < width; j++) wording[i * width + j] = 0.3 * normal(random);
    wording[i * width + tasks.indexOf(source)]! += 2;
  }
  return { rows, wording };
}

function fittedOn({ rows, wording }: WordedRows) {
  const head: MfHead = {
    ...{ inputs: width, hidden: 0, rank: 1 },
    linear: Float64Array.from({ length: width }, (_, i) => i),
    ...{ hiddenWeights: new Float64Array(0), hiddenBias: new Float64Array(0) },
    ...{ output: new Float64Array(0), models: Float64Array.of(1), modelBias: Float64Array.of(0) },
    topics: null,
  };
  const outcomes = rows.map((row, i) => ({
    ...{ ...row, id: `${i}`, prompt: 'p', metric: 'm', scores: { a: 1 } },
  }));
  const weights = { modelPower: 0, sourcePower: 1 };
  return { head, rows: trainingRows(outcomes, wording, ['a'], weights) };
}

const towards = (axis: number): Float64Array =>
  Float64Array.from({ length: width }, (_, i) => (i === axis ? 1 : 0.05));

describe('fitFamiliarity', () => {
  const tasks = ['exam', 'sums', 'puzzle', 'code'];
  const train = wordedRows(tasks, 60, 1);
  const dev = wordedRows(tasks, 30, 2);
  const fit = () => fitFamiliarity(train, dev, fittedOn(train), seededRandom(3))!;

  it('tells prompts of known tasks from others', () => {
    const settings = fit();
    for (const axis of [0, 1, 2, 3]) {
      expect(familiarityOf(towards(axis), settings)).toBeGreaterThan(0.9);
    }
    for (const axis of [4, 5, 6, 7])
      expect(familiarityOf(towards(axis), settings)).toBeLessThan(0.4);
  });

  it('keeps wording vectors of length 1 and the mean factors of the training prompts', () => {
    const { landmarks, centre } = fit();
    for (let start = 0; start < landmarks.length; start += width) {
      expect(Math.hypot(...landmarks.subarray(start, start + width))).toBeCloseTo(1, 6);
    }
    const { wording } = train;
    const sum = wording.reduce((total, value, i) => total + (i % width) * value, 0);
    expect(centre[0]).toBeCloseTo(sum / train.rows.length, 9);
  });

  it('gives the same twice', () => expect(fit()).toEqual(fit()));

  it('says nothing where training has two tasks only', () => {
    const [few, fewDev] = [wordedRows(['a', 'b'], 60, 1), wordedRows(['a', 'b'], 30, 2)];
    expect(fitFamiliarity(few, fewDev, fittedOn(few), seededRandom(3))).toBeNull();
  });

  it('says nothing where wording does not tell tasks apart', () => {
    const blur = ({ rows, wording }: WordedRows): WordedRows => ({
      rows,
      wording: wording.map((_, i) => (i % width === 0 ? 1 : 0)),
    });
    expect(
      fitFamiliarity(blur(train), blur(dev), fittedOn(blur(train)), seededRandom(3)),
    ).toBeNull();
  });
});

it('leaves a task out with all its sources', () => {
  const tasks = ['exam', 'sums', 'puzzle', 'code'];
  const [train, dev] = [wordedRows(tasks, 60, 1), wordedRows(tasks, 30, 2)];
  // Half of each task's prompts come by a second source, which shares one question in ten.
  const split = ({ rows, wording }: WordedRows, shared: boolean): WordedRows => ({
    wording,
    rows: rows.map(({ source, key }, i) => ({
      source: i % 2 === 0 ? source : `${source} again`,
      key: shared && i % 20 < 2 ? `${source} ${Math.floor(i / 20)}` : key,
    })),
  });
  const fit = (shared: boolean) =>
    fitFamiliarity(split(train, shared), split(dev, false), fittedOn(train), seededRandom(3));
  // Where nothing says that they are one task, the second source is left in: prompts still look known.
  expect(fit(true)!.slope).toBeGreaterThan(2 * fit(false)!.slope);
});

it('leaves no more than the 64 largest of many tasks out', () => {
  const many = Array.from({ length: 100 }, (_, i) => `task ${i}`);
  // Four of a hundred tasks lie about an axis of their own, and are asked about most.
  const large = many.slice(-4);
  const of = (count: number, seed: number): WordedRows => {
    const [some, rest] = [
      wordedRows(large, 8 * count, seed),
      wordedRows(many.slice(0, 96), count, seed + 1),
    ];
    const wording = Float64Array.from([...some.wording, ...rest.wording]);
    return { rows: [...some.rows, ...rest.rows], wording };
  };
  const [train, dev] = [of(4, 1), of(2, 3)];
  let draws = 0;
  const random = seededRandom(3);
  const counting = () => {
    draws++;
    return random();
  };
  expect(fitFamiliarity(train, dev, fittedOn(train), counting)).not.toBeNull();
  expect(draws).toBeLessThanOrEqual(65 * train.rows.length);
  expect(draws).toBeGreaterThan(60 * train.rows.length);
});

describe('tasksOf', () => {
  it('takes sources that share questions for one task, also by way of a third', () => {
    const rows = (source: string, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => ({ source, key: `q${from + i}` }));
    const tasks = tasksOf([
      ...rows('exam', 0, 100),
      ...rows('exam again', 90, 200),
      ...rows('third', 195, 240),
      ...rows('other', 239, 300),
    ]);
    expect(new Set(['exam', 'exam again', 'third'].map((s) => tasks.get(s))).size).toBe(1);
    // One question in common of 45: by chance.
    expect(tasks.get('other')).not.toBe(tasks.get('third'));
  });
});
