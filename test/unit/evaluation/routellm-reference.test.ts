// RouteLLM's own figures for chance and the oracle (evaluated on the answers that it ships: MMLU and
// GSM8K without contaminated rows, MT-Bench's 72 questions), from fixtures of the same counts.
import { describe, expect, it } from 'vitest';
import { comparedRows } from '../../../src/evaluation/compared-rows.ts';
import { createOracle } from '../../../src/evaluation/contenders.ts';
import { seededRandom } from '../../../src/math/random.ts';
import {
  createRandomCurve,
  curveApgr,
  curveCalls,
  performanceCurve,
} from '../../../src/training/evaluate-metrics.ts';
import { comparedRow, fromCounts } from '../../support/counted-outcomes.ts';

/**
 * MT-Bench: 37 questions better by strong, 7 by weak, 28 equal; the sums over both turns follow from
 * the means 8.28125, 9.21181 and the oracle's 9.32 over 144 judgements: strong gains 149.5 where it is
 * better and loses 15.5 where it is worse. How the gains are spread is not published: here they fall
 * by the same factor from question to question, chosen so that CPT50 is the published one. The APGR is
 * what this leaves free.
 */
function mtBench() {
  const gains = Array.from({ length: 37 }, (_, i) => Math.exp(-i / 10.5));
  const sum = gains.reduce((total, gain) => total + gain, 0);
  const strong = [
    ...gains.map((gain) => (149.5 * gain) / sum),
    ...Array<number>(28).fill(0),
    ...[4, 3, 2.5, 2, 1.5, 1.5, 1].map((loss) => -loss),
  ];
  // Only differences matter to APGR and CPT; quality is any scale.
  return { strong, weak: strong.map(() => 0) };
}

const sets = {
  MMLU: fromCounts(8816, 2496, 742, 1983),
  GSM8K: fromCounts(739, 382, 94, 92),
  'MT-Bench': mtBench(),
} as const;

describe('the oracle', () => {
  it.each([
    ['MMLU', 1.268, 6.2, 0.005],
    ['GSM8K', 1.115, 11, 0.005],
    ['MT-Bench', 0.953, 9.1, 0.01],
  ] as const)('on %s has APGR %f and CPT50 %f', (name, apgr, cpt50, tolerance) => {
    const { strong, weak } = sets[name];
    const rows = strong.map((value, i) => comparedRow({ strong: value, weak: weak[i]! }));
    const oracle = createOracle(rows, seededRandom(1));
    const curve = performanceCurve({ strong, weak, scores: oracle.scores });
    expect(Math.abs(curveApgr(curve) - apgr)).toBeLessThan(tolerance);
    expect(Math.abs(100 * curveCalls(curve, 0.5)! - cpt50)).toBeLessThan(0.2);
  });
});

describe('chance, the mean of 10 runs', () => {
  // Tolerance: three standard deviations of a single run (.01, .02, .075) over sqrt(10), twice since
  // the published figure is such a mean too, with other random numbers.
  it.each([
    ['MMLU', 0.501, [19.9, 50, 79.3], 0.015, 3],
    ['GSM8K', 0.507, [19, 48.8, 80.2], 0.03, 4],
    ['MT-Bench', 0.507, [17.6, 51.3, 78.5], 0.1, 10],
  ] as const)('on %s has APGR %f and CPT %j', (name, apgr, calls, tolerance, points) => {
    const curve = createRandomCurve(sets[name], seededRandom(0))();
    expect(curve).toHaveLength(11);
    expect(Math.abs(curveApgr(curve) - apgr)).toBeLessThan(tolerance);
    for (const [i, recovered] of [0.2, 0.5, 0.8].entries()) {
      expect(Math.abs(100 * curveCalls(curve, recovered)! - calls[i]!)).toBeLessThan(points);
    }
  });
});

it('a pair is the prompts that both models have outcomes on', () => {
  const outcome = { id: '1', source: 's', prompt: 'p', metric: 'accuracy', key: 'k' };
  const rows = comparedRows(
    [
      { ...outcome, scores: { a: 1, b: 0 }, category: 'law' },
      { ...outcome, scores: { a: 1 } },
      { ...outcome, scores: { b: 0.5, a: 0.25 } },
    ],
    'b',
    'a',
  );
  expect(rows).toEqual([
    { source: 's', topic: 's/law', key: 'k', prompt: 'p', strong: 0, weak: 1 },
    { source: 's', topic: 's', key: 'k', prompt: 'p', strong: 0.5, weak: 0.25 },
  ]);
});
