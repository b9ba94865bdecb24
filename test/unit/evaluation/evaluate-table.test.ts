import { describe, expect, it } from 'vitest';
import type { Contender } from '../../../src/evaluation/contenders.ts';
import { evaluatePair } from '../../../src/evaluation/evaluate-pair.ts';
import { evaluateTable } from '../../../src/evaluation/evaluate-table.ts';
import type { Table } from '../../../src/evaluation/evaluation.ts';
import { gapWarning } from '../../../src/evaluation/format.ts';
import { apgr, createCurve, performanceCurve } from '../../../src/training/evaluate-metrics.ts';
import { comparedRow } from '../../support/counted-outcomes.ts';

const rowsOf = (...gains: number[]) =>
  gains.map((gain, i) =>
    comparedRow({ key: String(i), strong: 0.5 + gain / 2, weak: 0.5 - gain / 2 }),
  );

const router = (scores: number[], name = 'mf'): Contender => ({ name, kind: 'router', scores });

function tableOf(rows: ReturnType<typeof rowsOf>, contenders: Contender[], fields = {}): Table {
  return evaluateTable({
    ...{ source: 'exam', rows, contenders, costs: null, resamples: 60, seed: 1 },
    ...fields,
  });
}

const rowNamed = (table: Table, name: string) => table.rows.find((row) => row.name === name)!;

describe('evaluateTable', () => {
  it('agrees with a curve worked out by hand, best APGR first, bounds last', () => {
    // Weak 0 and 1, strong 1 and 1; the right order: (0, .5) (.5, 1) (1, 1): (.875 - .5) / .5.
    const rows = [comparedRow({ key: '1', weak: 0 }), comparedRow({ key: '2', weak: 1 })];
    const table = tableOf(rows, [router([0, 1], 'upside-down'), router([1, 0])]);
    expect(table.rows.map(({ name }) => name)).toEqual([
      'mf',
      'upside-down',
      'always-strong',
      'always-weak',
    ]);
    expect(rowNamed(table, 'mf')).toMatchObject({ apgr: { value: 0.75 }, area: 0.875 });
    expect(rowNamed(table, 'upside-down').apgr?.value).toBe(0.25);
    expect(rowNamed(table, 'mf').calls.map(({ share }) => share.value)).toEqual([0.1, 0.25, 0.4]);
    expect(rowNamed(table, 'always-strong')).toMatchObject({ apgr: null, area: 1 });
    expect(rowNamed(table, 'always-weak').curve).toEqual([{ share: 0, quality: 0.5 }]);
    expect(table.quality).toEqual({ weak: 0.5, strong: 1, oracle: 1 });
    expect(table.gap.value).toBe(0.5);
  });

  it('has no APGR and no CPT of models that do equally well, however the fractions add up', () => {
    const strong = [0.1, 0.2, 0.3, 0.7];
    const weak = [0.3, 0.1, 0.7, 0.2];
    const rows = Array.from({ length: 60 }, (_, i) =>
      comparedRow({ key: String(i), strong: strong[i % 4]!, weak: weak[i % 4]! }),
    );
    const table = tableOf(rows, [router(rows.map((_, i) => (i * 7) % 11))]);
    expect(table.gap.value).toBeCloseTo(0, 12);
    const { apgr, calls } = rowNamed(table, 'mf');
    expect(apgr).toEqual({ value: null, interval95: null });
    expect(calls.map(({ share }) => share.value)).toEqual([null, null, null]);
  });

  it('saves nothing where the strong model costs nothing', () => {
    const costs = { strong: [0, 0], weak: [0, 0] };
    const { calls } = rowNamed(tableOf(rowsOf(1, 0.5), [router([1, 0])], { costs }), 'mf');
    expect(calls.map(({ saving }) => saving)).toEqual([null, null, null]);
  });

  it('warns of a small gap by the gap alone where nothing was resampled', () => {
    expect(gapWarning(tableOf(rowsOf(1, 1), [router([1, 0])], { resamples: 0 }))).toBeNull();
  });

  it('sends tied scores together: as many points as distinct quantiles', () => {
    const rows = rowsOf(1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const table = tableOf(rows, [router([2, 2, 1, 1, 1, 1, 1, 1, 1, 1])]);
    // Quantiles 1 (to .7), 1.2 at .8, 2: shares 1, .2, 0.
    const shares = rowNamed(table, 'mf').curve.map(({ share }) => share);
    expect(shares).toEqual([0, expect.closeTo(0.2, 12), 1]);
  });

  it('a resample is the curve of its rows written out', () => {
    const rows = { scores: [3, 1, 2], strong: [1, 0.5, 0], weak: [0, 0.25, 1], weights: [1, 2, 3] };
    const repeated = [0, 0, 2];
    const column = (values: number[]) => repeated.map((i) => values[i]!);
    const written = {
      scores: column(rows.scores),
      strong: column(rows.strong),
      weak: column(rows.weak),
      weights: column(rows.weights),
    };
    expect(createCurve(rows)([2, 0, 1])).toEqual(performanceCurve(written));
  });

  it('differences are taken on the same resamples: a router less itself is exactly 0', () => {
    const gains = [1, 0, 0, 1, 0, 1, 0, -1];
    const same = [8, 3, 2, 7, 1, 6, 5, 4];
    const floor: Contender = { name: 'length', kind: 'floor', scores: same };
    const { differences } = tableOf(rowsOf(...gains), [router(same), floor]);
    expect(differences).toEqual([
      { router: 'mf', floor: 'length', apgr: { value: 0, interval95: [0, 0] } },
    ]);
  });

  it('says the cost at CPT and what is saved against always strong', () => {
    const rows = [comparedRow({ key: '1', weak: 0 }), comparedRow({ key: '2', weak: 1 })];
    const costs = { strong: [0.01, 0.03], weak: [0.001, 0.001] };
    const table = tableOf(rows, [router([1, 0])], { costs });
    // The first prompt goes first. CPT50 = .25: half way from (.001 + .001) / 2 to (.01 + .001) / 2.
    const [, cpt50] = rowNamed(table, 'mf').calls;
    expect(cpt50!.usdPer1000).toBeCloseTo(3.25, 9);
    expect(cpt50!.saving).toBeCloseTo(1 - 3.25 / 20, 9);
    expect(rowNamed(table, 'always-strong').usdPer1000).toBeCloseTo(20, 9);
    expect(rowNamed(table, 'always-weak').usdPer1000).toBeCloseTo(1, 9);
  });

  it('warns where the models do not clearly differ', () => {
    expect(gapWarning(tableOf(rowsOf(1, -1, 0.5, -0.5), [router([1, 2, 3, 4])]))).toMatch(
      /no clear/,
    );
    expect(gapWarning(tableOf(rowsOf(1, 0.5, 0.5, 1), [router([1, 2, 3, 4])]))).toBeNull();
    expect(gapWarning(tableOf(rowsOf(-1, -0.5, -0.5, -1), [router([1, 2, 3, 4])]))).toMatch(
      /the weak model is the better one here/,
    );
  });

  it('reads scores as the probability that strong scores strictly higher', () => {
    const rows = rowsOf(1, 0, 0, 0);
    const [calibration] = tableOf(rows, [router([0.25, 0.25, 0.25, 0.25])]).calibration;
    expect(calibration).toMatchObject({ router: 'mf', prompts: 4, error: { value: 0 } });
    expect(calibration!.bins[2]).toMatchObject({ probability: 0.25, frequency: 0.25 });
    expect(calibration!.histogram[5]).toBe(1);
    expect(calibration!.histogram).toHaveLength(20);
  });
});

describe('evaluatePair', () => {
  const large = Array.from({ length: 40 }, (_, i) =>
    comparedRow({ key: `l${i}`, source: 'large', topic: 'large', weak: i % 2 }),
  );
  const other = Array.from({ length: 80 }, (_, i) =>
    comparedRow({
      key: `o${i}`,
      source: 'other',
      topic: 'other',
      strong: i < 20 ? 1 : 0.5,
      weak: 0,
    }),
  );
  const few = [comparedRow({ key: 'f', source: 'few', topic: 'few' })];
  const evaluate = (rows: typeof large) =>
    evaluatePair({
      ...{ strong: 'big', weak: 'small', rows, learn: null, costs: null, notes: [] },
      scores: new Map([['mf', rows.map((_, i) => (i % 10) / 10)]]),
      ...{ resamples: 20, seed: 1, minimumRows: 40 },
    });

  it('pools sources with equal weight and leaves out small ones, by name', () => {
    const pair = evaluate([...large, ...other, ...few]);
    expect(pair.notes).toEqual(['left out, with fewer than 40 rows: few (1)']);
    expect(pair.pooled.prompts).toBe(120);
    expect(pair.bySource.map(({ source }) => source)).toEqual(['large', 'other']);
    // Strong: 1 in the one, (20 + 60 / 2) / 80 = .625 in the other.
    expect(pair.pooled.quality.strong).toBeCloseTo((1 + 0.625) / 2, 12);
    expect(pair.pooled.quality.weak).toBeCloseTo(0.25, 12);
    const names = ['mf', 'oracle', 'topic', 'source', 'length', 'random'];
    for (const table of [pair.pooled, ...pair.bySource]) {
      expect(new Set(table.rows.map(({ name }) => name))).toEqual(
        new Set([...names, 'always-strong', 'always-weak']),
      );
    }
  });

  it('takes small sources when there are no others, and says so', () => {
    const pair = evaluate(few);
    expect(pair.notes[0]).toMatch(/anecdotes/);
    expect(pair.pooled.prompts).toBe(1);
  });

  it('pools to the same APGR as the training report', () => {
    const pair = evaluate([...large, ...other]);
    const all = [...large, ...other];
    const expected = apgr({
      scores: all.map((_, i) => (i % 10) / 10),
      strong: all.map((row) => row.strong),
      weak: all.map((row) => row.weak),
      weights: all.map(({ source }) => (source === 'large' ? 1 / 40 : 1 / 80)),
    });
    expect(pair.pooled.rows.find(({ name }) => name === 'mf')?.apgr?.value).toBeCloseTo(
      expected,
      12,
    );
  });
});
