import { describe, expect, it } from 'vitest';
import { fitLocalHead } from '../../../src/learning/fit-local-head.ts';
import type { LocalOutcome } from '../../../src/learning/local-outcome.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import { mean } from '../../../src/math/vector.ts';
import { correctedWinRate, type LocalHead } from '../../../src/routing/local-head.ts';
import { apgr } from '../../../src/training/evaluate-metrics.ts';
import {
  agreeing,
  compared,
  differing,
  rated,
  syntheticPrompt,
  type Qualities,
} from '../../support/local-outcomes.ts';

function outcomesOf(
  count: number,
  seed: number,
  qualities: Qualities,
  show: (...of: Parameters<typeof compared>) => LocalOutcome = compared,
): LocalOutcome[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () => {
    const prompt = syntheticPrompt(random);
    return show(prompt, qualities(prompt), random);
  });
}

const ratedWith =
  (explore: number) =>
  (...[prompt, qualities, random]: [...Parameters<typeof compared>]) =>
    rated(prompt, qualities, random, explore);

/** APGR on 2,000 fresh prompts by expected qualities: shipped and with the head. */
function apgrs(head: LocalHead, qualities: Qualities): { shipped: number; local: number } {
  const random: Random = seededRandom(99);
  const prompts = Array.from({ length: 2000 }, () => syntheticPrompt(random));
  const rows = prompts.map(qualities);
  const outcomes = { strong: rows.map(({ strong }) => strong), weak: rows.map(({ weak }) => weak) };
  const local = prompts.map((p) => correctedWinRate(head, p.winRate, p.embedding));
  return {
    shipped: apgr({ ...outcomes, scores: prompts.map(({ winRate }) => winRate) }),
    local: apgr({ ...outcomes, scores: local }),
  };
}

describe('a local head', () => {
  it('learns from comparisons what the shipped win rate does not know', () => {
    const few = fitLocalHead(outcomesOf(100, 1, differing));
    const many = fitLocalHead(outcomesOf(1000, 2, differing));
    const [a, b] = [apgrs(few.head, differing), apgrs(many.head, differing)];
    expect(a.shipped).toBeLessThan(0.55);
    expect(a.local).toBeGreaterThan(a.shipped + 0.05);
    expect(b.local).toBeGreaterThan(0.72); // the oracle has 0.75
    expect(many.shippedProbability).toBeLessThan(0.01);
  });

  it('leaves the shipped order in force for a user who agrees with it', () => {
    for (const count of [30, 1000]) {
      const { head, shippedProbability } = fitLocalHead(outcomesOf(count, 3, agreeing));
      const { shipped, local } = apgrs(head, agreeing);
      expect(local).toBeGreaterThan(shipped - 0.02);
      expect(shippedProbability).toBeGreaterThan(0.4);
    }
  });

  it('moves from the shipped head as far as outcomes speak against it', () => {
    // How far w goes along the one direction that matters, over ten users of each size.
    const moves = [10, 50, 250].map((count) =>
      mean(
        Array.from({ length: 10 }, (_, seed) => {
          const { head } = fitLocalHead(outcomesOf(count, 40 + seed, differing));
          return head.weights[0]!;
        }),
      ),
    );
    expect(moves[0]).toBeGreaterThan(0);
    expect(moves[1]).toBeGreaterThan(moves[0]! + 0.1);
    expect(moves[2]).toBeGreaterThan(moves[1]! + 0.1);
  });

  it('recovers win rates: their mean and their spread', () => {
    const outcomes = outcomesOf(3000, 5, differing);
    const { head } = fitLocalHead(outcomes);
    const side = (isPositive: boolean) =>
      outcomes
        .filter(
          ({ embedding }) => embedding[0]! > 0.5 === isPositive && Math.abs(embedding[0]!) > 0.5,
        )
        .map(({ winRate, embedding }) => correctedWinRate(head, winRate, embedding));
    expect(mean(side(true))).toBeCloseTo(0.75, 1);
    expect(mean(side(false))).toBeCloseTo(0.5, 1);
  });

  it('learns from ratings of explored requests', () => {
    const { head } = fitLocalHead(outcomesOf(3000, 6, differing, ratedWith(0.4)));
    const { shipped, local } = apgrs(head, differing);
    expect(local).toBeGreaterThan(shipped + 0.1);
  });

  it('takes nothing from ratings of a tier that was certain: easy is not the same as good', () => {
    // Prompts with a positive first number are hard for both models alike.
    const hardForBoth: Qualities = ({ embedding, winRate }) => {
      const level = embedding[0]! > 0 ? 0.3 : 0.7;
      return { strong: level + 0.2 * winRate, weak: level };
    };
    const { head } = fitLocalHead(outcomesOf(2000, 7, hardForBoth, ratedWith(0)));
    expect(Math.max(...head.weights.map(Math.abs))).toBe(0);
    expect(head.slope).toBeCloseTo(1, 6);
    expect(head.bias).toBeCloseTo(0, 6);
    const explored = fitLocalHead(outcomesOf(2000, 8, hardForBoth, ratedWith(0.2)));
    const { shipped, local } = apgrs(explored.head, hardForBoth);
    expect(local).toBeGreaterThan(shipped - 0.03);
  });

  it('expects the ratings that it has seen', () => {
    const outcomes = outcomesOf(2000, 9, differing, ratedWith(0));
    const { expectedRating } = fitLocalHead(outcomes);
    const expected = mean(outcomes.map(expectedRating));
    const seen = mean(outcomes.map(({ rating }) => rating!.value));
    expect(expected).toBeCloseTo(seen, 2);
  });

  it('is the same for the same outcomes', () => {
    const [a, b] = [1, 2].map(() => fitLocalHead(outcomesOf(200, 10, differing)).head);
    expect(a).toEqual(b);
  });

  it('can turn the shipped order round', () => {
    const upsideDown: Qualities = ({ winRate }) => ({ strong: 0.9, weak: 0.1 + 0.8 * winRate });
    const { head } = fitLocalHead(outcomesOf(2000, 11, upsideDown));
    expect(head.slope).toBeLessThan(-0.09);
    expect(apgrs(head, upsideDown).local).toBeGreaterThan(0.55);
  });

  it('names what it cannot be fitted to', () => {
    expect(() => fitLocalHead([])).toThrow(/no outcomes/);
    const [first, second] = outcomesOf(2, 1, differing);
    const short = { ...second!, embedding: Float32Array.of(1) };
    expect(() => fitLocalHead([first!, short])).toThrow(/differ in length/);
  });
});
