import { expect, test } from 'vitest';
import {
  escalationTable,
  gainOfEscalating,
  type QualityCells,
} from '../../../src/evaluation/assumed-confidence.ts';
import {
  aurocs,
  breakEvenAuroc,
  cascadeInput,
  compareCascade,
  type CascadeComparison,
} from '../../../src/evaluation/compare-cascade.ts';
import { cascadePicture } from '../../../src/evaluation/cascade-picture.ts';
import type { ComparedRow } from '../../../src/evaluation/compared-rows.ts';
import { evaluateAll } from '../../../src/evaluation/evaluate-all.ts';
import { normalQuantile } from '../../../src/math/normal.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { comparedRow } from '../../support/counted-outcomes.ts';
import { unbalancedTag } from '../../support/well-formed.ts';

/** sqrt(2) times the normal quantile of 0.75. */
const dPrime75 = 0.953873;

/** Prompts whose score knows a little; weak answers are right, half right or wrong. */
function pair(count: number, seed: number) {
  const random = seededRandom(seed);
  const rows: ComparedRow[] = [];
  const scores: number[] = [];
  for (let i = 0; i < count; i++) {
    const weak = [0, 0, 0.5, 1, 1][Math.floor(5 * random())]!;
    const source = i % 3 === 0 ? 'a' : 'b';
    rows.push(comparedRow({ source, key: String(i), weak, strong: random() < 0.85 ? 1 : 0 }));
    scores.push(Math.min(0.999, Math.max(0, 0.5 - 0.15 * weak + 0.2 * normal(random))));
  }
  return { ...{ strong: 'big', weak: 'small', rows, scores }, count };
}

const compare = (count: number, resamples: number): CascadeComparison =>
  compareCascade({ router: 'mf', pairs: [pair(count, 7)], resamples, seed: 1 });

test.each(aurocs)('a confidence of AUROC %f tells right from wrong answers so often', (auroc) => {
  const table = escalationTable(Float64Array.of(0, 1), auroc);
  let area = 0;
  for (let i = 1; i < table.length; i++) {
    const [before, after] = [table[i - 1]!, table[i]!];
    area += ((after[1]! - before[1]!) * (after[0]! + before[0]!)) / 2;
  }
  expect(area).toBeCloseTo(auroc, 3);
});

test('escalating the least of drawn confidences gains what the bound says', () => {
  const random = seededRandom(2);
  const qualities = Float64Array.of(0, 0.5, 1);
  const cells: QualityCells = {
    weight: Float64Array.of(30_000, 20_000, 50_000),
    gain: Float64Array.of(21_000, 4_000, -5_000),
  };
  const drawn = [...qualities].flatMap((quality, k) =>
    Array.from({ length: cells.weight[k]! }, () => ({
      confidence: dPrime75 * quality + normal(random),
      gain: cells.gain[k]! / cells.weight[k]!,
    })),
  );
  drawn.sort((a, b) => a.confidence - b.confidence);
  const table = escalationTable(qualities, 0.75);
  for (const share of [0.1, 0.3, 0.5, 0.9]) {
    const escalated = drawn.slice(0, share * drawn.length);
    const gain = escalated.reduce((sum, one) => sum + one.gain, 0);
    expect(gainOfEscalating(table, cells, escalated.length) / drawn.length).toBeCloseTo(
      gain / drawn.length,
      2,
    );
  }
  expect(gainOfEscalating(table, cells, 0)).toBe(0);
  expect(gainOfEscalating(table, cells, drawn.length)).toBeCloseTo(20_000, 6);
});

/** Part of the gap recovered by drawn confidences, those of prompts above the score's bound unused. */
function drawnPart(share: number, byScore: number, dPrime = dPrime75): number {
  const { rows, scores } = pair(3000, 7);
  const counts = new Map([
    ['a', 1000],
    ['b', 2000],
  ]);
  const random = seededRandom(3);
  const order = [...rows.keys()].sort((i, j) => scores[j]! - scores[i]!);
  const weights = rows.map(({ source }) => 1 / counts.get(source)!); // adds up to 2
  const gainOf = (i: number): number => weights[i]! * (rows[i]!.strong - rows[i]!.weak);
  const gap = order.reduce((sum, i) => sum + gainOf(i), 0);
  let sum = 0;
  const runs = 40;
  for (let run = 0; run < runs; run++) {
    const take = (from: readonly number[], weight: number): number[] => {
      let left = weight;
      return from.filter((i) => (left -= weights[i]!) >= 0);
    };
    const straight = take(order, 2 * byScore);
    const asked = order.slice(straight.length);
    const confidence = new Map(
      asked.map((i) => [i, dPrime * rows[i]!.weak + normal(random)] as const),
    );
    asked.sort((i, j) => confidence.get(i)! - confidence.get(j)!);
    const strong = [...straight, ...take(asked, 2 * (share - byScore))];
    sum += strong.reduce((gain, i) => gain + gainOf(i), 0) / gap / runs;
  }
  return sum;
}

test('both cascades recover what drawn confidences recover', () => {
  const { byAuroc } = compare(3000, 0);
  const { alone, afterScore } = byAuroc.find(({ auroc }) => auroc === 0.75)!.cascades;
  expect(alone.at30.value).toBeCloseTo(drawnPart(0.3, 0), 2);
  expect(alone.at50.value).toBeCloseTo(drawnPart(0.5, 0), 2);
  expect(afterScore.at30.value).toBeCloseTo(drawnPart(0.3, 0.15), 2);
  expect(afterScore.at50.value).toBeCloseTo(drawnPart(0.5, 0.25), 2);
});

test('at the break-even drawn confidences recover what the score does', () => {
  const { breakEven, promptOnly } = compare(3000, 0);
  for (const [cascade, byScore] of [
    ['alone', 0],
    ['afterScore', 0.15],
  ] as const) {
    const dPrime = Math.SQRT2 * normalQuantile(breakEven[cascade].at30.value!);
    expect(drawnPart(0.3, byScore, dPrime)).toBeCloseTo(promptOnly.at30.value!, 2);
  }
});

test('a confidence that knows nothing is chance; prompt-only routing is the tables’', () => {
  const one = pair(200, 7);
  const input = {
    ...{ data: { name: 'dev', prompts: 200 }, topicsFrom: 'train', routers: ['mf'] },
    ...{ resamples: 100, seed: 1 },
    pairs: [{ ...one, learn: null, costs: null, notes: [], minimumRows: 100 }].map(
      ({ scores, ...rest }) => ({ ...rest, scores: new Map([['mf', scores]]) }),
    ),
  };
  // Source a has 67 rows, too few to be pooled.
  const { pairs, promptOnly, byAuroc } = compareCascade(cascadeInput(input));
  expect(pairs[0]!.prompts).toBe(133);
  const table = evaluateAll(input).pairs[0]!.pooled;
  expect(promptOnly.apgr.value).toBe(table.rows.find(({ name }) => name === 'mf')!.apgr!.value);
  const { alone } = byAuroc.find(({ auroc }) => auroc === 0.5)!.cascades;
  expect(alone.at30.value).toBeCloseTo(0.3, 9);
  expect(alone.at30.interval95![0]).toBeCloseTo(0.3, 9);
  expect(alone.apgr.value).toBeCloseTo(0.5, 9);
});

test('the break-even is where a confidence gains as much as the score', () => {
  const comparison = compare(1500, 100);
  const { breakEven, promptOnly, byAuroc } = comparison;
  for (const cascade of ['alone', 'afterScore'] as const) {
    for (const measure of ['at30', 'at50', 'apgr'] as const) {
      const { value, interval95 } = breakEven[cascade][measure];
      const [low, high] = interval95!;
      expect(low).toBeLessThan(value!);
      expect(high).toBeGreaterThan(value!);
      const of = (auroc: number): number =>
        byAuroc.find((each) => each.auroc === auroc)!.cascades[cascade][measure].value!;
      const above = aurocs.find((auroc) => auroc >= value!)!;
      const below = aurocs[aurocs.indexOf(above) - 1]!;
      expect(of(below)).toBeLessThan(promptOnly[measure].value!);
      expect(of(above)).toBeGreaterThanOrEqual(promptOnly[measure].value!);
    }
  }
  // A score that is itself binormal with d' = 0.75 in the weak quality, and knows nothing else.
  expect(breakEven.alone.at50.value).toBeGreaterThan(0.64);
  expect(breakEven.alone.at50.value).toBeLessThan(0.76);

  const rising = aurocs.map((auroc) => auroc);
  expect(breakEvenAuroc(rising, 0.62)).toBeCloseTo(0.62, 12);
  expect(breakEvenAuroc(rising, 0.1)).toBe(aurocs[0]);
  expect(breakEvenAuroc(rising, 1.01)).toBeNull();
});

test('the picture has a line of each kind in each panel', () => {
  const markup = cascadePicture(compare(300, 20));
  expect(unbalancedTag(markup)).toBeNull();
  expect(markup).not.toContain('NaN');
  for (const name of ['chance', 'prompt-only', 'alone', 'afterScore']) {
    expect([...markup.matchAll(new RegExp(`data-name="${name}"`, 'g'))]).toHaveLength(3);
  }
});
