import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import {
  expectedQuality,
  factorsOf,
  type MfHead,
} from '../../../src/routing/matrix-factorization.ts';
import { readCheckpoint, writeCheckpoint } from '../../../src/training/checkpoint.ts';
import { selectColumns, viewColumns, widenHead } from '../../../src/training/head-view.ts';
import {
  addGradients,
  emptyGradients,
  meanLoss,
  parameterNames,
  type TrainingRows,
} from '../../../src/training/mf-loss.ts';
import { joinHeads } from '../../../src/training/join-heads.ts';
import { trainMf, type TrainSettings } from '../../../src/training/train-mf.ts';

const settings: TrainSettings = {
  rank: 3,
  hidden: 4,
  epochs: 30,
  patience: 30,
  batch: 16,
  rate: 0.02,
  decay: 0.001,
  modelDecay: 0.001,
  dropout: 0.1,
  hiddenDropout: 0.1,
  gapShare: 0.4,
  seed: 1,
};

function randomArray(length: number, random: () => number): Float64Array {
  return Float64Array.from({ length }, () => normal(random));
}

function randomHead(seed: number): MfHead {
  const random = seededRandom(seed);
  return {
    ...{ inputs: 5, hidden: 4, rank: 3 },
    linear: randomArray(15, random),
    hiddenWeights: randomArray(20, random),
    hiddenBias: randomArray(4, random),
    output: randomArray(12, random),
    models: randomArray(6, random),
    modelBias: randomArray(2, random),
    topics: null,
  };
}

/** Two models; the second is right only where the first number of x is positive. */
function rowsOf(count: number, seed: number): TrainingRows {
  const random = seededRandom(seed);
  const x = randomArray(count * 5, random);
  return {
    count,
    x,
    starts: Uint32Array.from({ length: count + 1 }, (_, i) => 2 * i),
    models: Uint16Array.from({ length: 2 * count }, (_, o) => o % 2),
    qualities: Float32Array.from({ length: 2 * count }, (_, o) =>
      o % 2 === 0 ? 0.75 : x[((o - 1) / 2) * 5]! > 0 ? 1 : 0,
    ),
    weights: Float64Array.from({ length: count }, () => 0.5 + random()),
  };
}

describe('addGradients', () => {
  it.each([0, 0.4, 1])(
    'agrees with finite differences, dropout included, gap share %d',
    (share) => {
      const head = randomHead(2);
      const rows = rowsOf(6, 3);
      const batch = Uint32Array.of(4, 1, 2);
      const x = Float64Array.from(
        [...batch].flatMap((i) => [...rows.x.subarray(i * 5, i * 5 + 5)]),
      );
      const mask = Float64Array.from({ length: 12 }, (_, i) => (i % 5 === 0 ? 0 : 1.25));
      const lossAt = (): number =>
        addGradients(head, rows, batch, x, emptyGradients(head), mask, share);
      const gradients = emptyGradients(head);
      addGradients(head, rows, batch, x, gradients, mask, share);
      const step = 1e-5;
      for (const name of parameterNames) {
        for (let i = 0; i < head[name].length; i++) {
          const kept = head[name][i]!;
          head[name][i] = kept + step;
          const above = lossAt();
          head[name][i] = kept - step;
          const below = lossAt();
          head[name][i] = kept;
          expect(gradients[name][i], `${name}[${i}]`).toBeCloseTo((above - below) / (2 * step), 6);
        }
      }
    },
  );
});

describe('meanLoss', () => {
  it('with a gap share of 1 is the squared error of the differences between all models', () => {
    const head = { ...randomHead(4), models: randomArray(12, seededRandom(5)) };
    head.modelBias = randomArray(4, seededRandom(6));
    const counts = [4, 3, 1, 2];
    const starts = Uint32Array.of(0, 4, 7, 8, 10);
    const rows: TrainingRows = {
      ...{ count: 4, starts, weights: Float64Array.of(1, 0.5, 2, 3) },
      x: randomArray(20, seededRandom(7)),
      models: Uint16Array.of(0, 1, 2, 3, 1, 2, 3, 0, 2, 3),
      qualities: Float32Array.of(1, 0, 0.5, 1, 0, 1, 1, 0, 1, 0.25),
    };
    const f = factorsOf(head, rows.x, 4);
    let loss = 0;
    let total = 0;
    for (const [i, n] of counts.entries()) {
      total += rows.weights[i]! * n;
      for (let a = starts[i]!; a < starts[i + 1]!; a++) {
        for (let b = starts[i]!; b < a; b++) {
          const p = (o: number): number => expectedQuality(head, rows.models[o]!, f, i * 3);
          const error = p(a) - p(b) - (rows.qualities[a]! - rows.qualities[b]!);
          loss += (4 * rows.weights[i]! * error ** 2) / n;
        }
      }
    }
    expect(meanLoss(head, rows, 1)).toBeCloseTo(loss / total, 12);
    const half = (meanLoss(head, rows, 0) + meanLoss(head, rows, 1)) / 2;
    expect(meanLoss(head, rows, 0.5)).toBeCloseTo(half, 12);
  });
});

describe('trainMf', () => {
  const [train, dev] = [rowsOf(200, 4), rowsOf(60, 5)];

  it('learns what the outcomes depend on', () => {
    const head = trainMf(train, dev, 2, settings);
    // A constant for each model gives about ln 2 for the second one: 0.63 in the mean.
    expect(meanLoss(head, dev)).toBeLessThan(0.45);
  });

  it('learns from few prompts, too, by smaller batches', () => {
    const head = trainMf(train, dev, 2, { ...settings, batch: 256 });
    expect(meanLoss(head, dev)).toBeLessThan(0.45);
  });

  it('gives the same head for the same seed, another for another', () => {
    const once = trainMf(train, dev, 2, settings);
    expect(trainMf(train, dev, 2, settings)).toEqual(once);
    expect(trainMf(train, dev, 2, { ...settings, seed: 2 })).not.toEqual(once);
  });

  it('reports every epoch', () => {
    const epochs: number[] = [];
    const onEpoch = ({ epoch }: { epoch: number }) => epochs.push(epoch);
    trainMf(train, dev, 2, { ...settings, epochs: 3 }, { onEpoch });
    expect(epochs).toEqual([1, 2, 3]);
  });

  it('goes on from a state to the same head, bit for bit', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'states-')), 'deep', 'head.state');
    const whole = trainMf(train, dev, 2, settings, {
      onState: (state) => {
        if (state.epoch === 7) writeCheckpoint(file, state);
      },
    });
    const resumeFrom = readCheckpoint(file);
    expect(resumeFrom?.epoch).toBe(7);
    const epochs: number[] = [];
    const onEpoch = ({ epoch }: { epoch: number }) => epochs.push(epoch);
    expect(trainMf(train, dev, 2, settings, { resumeFrom, onEpoch })).toEqual(whole);
    expect(epochs[0]).toBe(8);
  });

  it('takes a damaged state for none', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'states-')), 'head.state');
    expect(readCheckpoint(file)).toBeNull();
    trainMf(
      train,
      dev,
      2,
      { ...settings, epochs: 1 },
      { onState: (s) => writeCheckpoint(file, s) },
    );
    const bytes = readFileSync(file);
    for (const length of [0, 10, bytes.length - 8]) {
      writeFileSync(file, bytes.subarray(0, length));
      expect(readCheckpoint(file)).toBeNull();
    }
  });

  it('stops when the loss on dev has not improved for a while', () => {
    let epochs = 0;
    const eager = { ...settings, rate: 0.5, epochs: 200, patience: 3 };
    const head = trainMf(train, dev, 2, eager, { onEpoch: () => epochs++ });
    expect(epochs).toBeLessThan(200);
    expect(meanLoss(head, dev)).toBeLessThan(0.7);
  });
});

describe('a head that sees some columns', () => {
  it('gives in its wide form what it gives of those columns', () => {
    const rows = rowsOf(10, 6);
    const groups = [
      { name: 'a', start: 0, end: 2 },
      { name: 'b', start: 2, end: 4 },
      { name: 'c', start: 4, end: 5 },
    ];
    const columns = viewColumns(groups, ['a', 'c']);
    expect(columns).toEqual([0, 1, 4]);
    const seen = selectColumns(rows, columns);
    const head = trainMf(seen, seen, 2, { ...settings, epochs: 2 });
    const wide = factorsOf(widenHead(head, columns, 5), rows.x, rows.count);
    expect(wide).toEqual(factorsOf(head, seen.x, rows.count));
  });
});

describe('joinHeads', () => {
  it('averages the logits', () => {
    const heads = [randomHead(6), randomHead(7)];
    const joined = joinHeads(heads);
    const x = randomArray(5, seededRandom(8));
    const logitOf = (head: MfHead, model: number): number => {
      const f = factorsOf(head, x, 1);
      return f.reduce(
        (sum, value, r) => sum + value * head.models[model * head.rank + r]!,
        head.modelBias[model]!,
      );
    };
    for (const model of [0, 1]) {
      const average = (logitOf(heads[0]!, model) + logitOf(heads[1]!, model)) / 2;
      expect(logitOf(joined, model)).toBeCloseTo(average, 12);
    }
  });
});
