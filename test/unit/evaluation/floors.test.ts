import { describe, expect, it } from 'vitest';
import { createFloors, createOracle } from '../../../src/evaluation/contenders.ts';
import { evaluatePair } from '../../../src/evaluation/evaluate-pair.ts';
import { topicGaps } from '../../../src/evaluation/topic-gaps.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { apgr, performanceCurve } from '../../../src/training/evaluate-metrics.ts';
import { comparedRow } from '../../support/counted-outcomes.ts';

const law = { topic: 'exam/law' };
const maths = { topic: 'exam/maths' };

function floorOf(name: string, rows: ReturnType<typeof comparedRow>[], learn = rows) {
  const all = [createOracle(rows, seededRandom(1)), ...createFloors(rows, learn)];
  return all.find((each) => each.name === name)!.scores!;
}

describe('the floors', () => {
  it('length: the longer, the stronger', () => {
    const rows = [comparedRow({ prompt: 'four' }), comparedRow({ prompt: 'eleven more' })];
    expect(floorOf('length', rows)).toEqual([4, 11]);
  });

  it('source and topic: the mean gap on the train split', () => {
    const learn = [
      comparedRow({ ...law, strong: 1, weak: 0 }),
      comparedRow({ ...law, strong: 1, weak: 1 }),
      comparedRow({ ...maths, strong: 0.5, weak: 0.75 }),
      comparedRow({ source: 'chat', topic: 'chat', strong: 1, weak: 0.5 }),
    ];
    const rows = [
      comparedRow(law),
      comparedRow(maths),
      comparedRow({ topic: 'exam/new' }),
      comparedRow({ source: 'new', topic: 'new' }),
    ];
    // Law (1 + 0) / 2; maths -1/4; exam in all (1 + 0 - 1/4) / 3; everything (1 + 0 - 1/4 + 1/2) / 4.
    expect(topicGaps(rows, learn, 'topic')).toEqual([0.5, -0.25, 0.25, 0.3125]);
    expect(topicGaps(rows, learn, 'source')).toEqual([0.25, 0.25, 0.25, 0.3125]);
  });

  it('topic without a train split: one topic alone tells nothing, and does not turn upside down', () => {
    const random = seededRandom(3);
    const rows = Array.from({ length: 300 }, (_, i) =>
      comparedRow({ key: String(i), strong: 1, weak: random() < 0.5 ? 1 : 0 }),
    );
    expect(new Set(topicGaps(rows, null, 'topic'))).toEqual(new Set([0.5]));
  });

  it('topic and source without a train split: on noise they are worth a half, in every table', () => {
    const sizes = [[70, 50, 20], [60, 40], [30, 15]]; // prettier-ignore
    const tables = Array.from({ length: 60 }, (_, seed) => {
      const random = seededRandom(seed);
      const rows = sizes.flatMap((ofSource, source) =>
        ofSource.flatMap((count, topic) =>
          Array.from({ length: count }, (__, i) =>
            comparedRow({
              ...{ source: `s${source}`, topic: `s${source}/${topic}` },
              key: [seed, source, topic, i].join(),
              strong: random() < 0.75 ? 1 : 0,
              weak: random() < 0.35 ? 1 : 0,
            }),
          ),
        ),
      );
      const few = { scores: new Map(), costs: null, notes: [], resamples: 0, minimumRows: 0 };
      const pair = { strong: 'big', weak: 'small', rows, learn: null, seed, ...few };
      const { pooled, bySource } = evaluatePair(pair);
      return [pooled, ...bySource];
    });
    const apgrs = (floor: string, table: number) =>
      tables.map((of) => of[table]!.rows.find(({ name }) => name === floor)!.apgr!.value!);
    for (const floor of ['topic', 'source']) {
      for (const table of [0, 1, 2, 3]) {
        if (floor === 'source' && table > 0) continue;
        const values = apgrs(floor, table);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        const variance =
          values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
        expect(Math.abs(mean - 0.5)).toBeLessThan(3 * Math.sqrt(variance / values.length));
      }
    }
    for (const table of [1, 2, 3]) {
      for (const apgr of apgrs('source', table)) expect(apgr).toBeCloseTo(0.5, 12);
    }
  });

  it('topic without a train split: two topics are told apart', () => {
    const rows = Array.from({ length: 200 }, (_, i) =>
      comparedRow({
        ...(i % 2 === 0 ? law : maths),
        key: String(i),
        weak: i % 2 === 0 ? 0 : 1,
      }),
    );
    const scores = topicGaps(rows, null, 'topic');
    expect(Math.min(...scores.filter((_, i) => i % 2 === 0))).toBeGreaterThan(
      Math.max(...scores.filter((_, i) => i % 2 === 1)),
    );
    // All the gain lies in half of the prompts: the ideal curve rises to 1 at a half.
    const strong = rows.map((row) => row.strong);
    const weak = rows.map((row) => row.weak);
    expect(apgr({ scores, strong, weak })).toBeCloseTo(0.75, 2);
  });

  it('the oracle sends where strong gains most first, and equal gains one by one', () => {
    const rows = [0, 0.5, -1, 0, 1].map((gain) => comparedRow({ strong: gain, weak: 0 }));
    const scores = floorOf('oracle', rows);
    expect([...scores].sort()).toEqual([0, 1, 2, 3, 4]);
    expect([scores[2], scores[1], scores[4]]).toEqual([0, 3, 4]);
  });

  it('a source alone is the straight line between the models', () => {
    const rows = [comparedRow({ weak: 0 }), comparedRow({ weak: 1 }), comparedRow({ weak: 0 })];
    const curve = performanceCurve({
      scores: floorOf('source', rows),
      strong: rows.map((row) => row.strong),
      weak: rows.map((row) => row.weak),
    });
    expect(curve.map(({ share }) => share)).toEqual([0, 1]);
  });
});
