import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../src/math/random.ts';
import type { Decision } from '../../../src/routing/decision.ts';
import { explore } from '../../../src/routing/explore.ts';
import { auto, requestFacts, testDecider } from '../../support/decider.ts';

const noRandom = () => {
  throw new Error('no randomness is needed');
};

/** Decisions of a decider that explores with `share`, one for each prompt. */
async function decideAll(
  prompts: readonly string[],
  share: number,
  random: () => number,
): Promise<Decision[]> {
  const decide = testDecider({ exploration: share, random });
  const decisions: Decision[] = [];
  for (const prompt of prompts) {
    decisions.push(await decide(auto, requestFacts(prompt), new AbortController().signal));
  }
  return decisions;
}

describe('explore', () => {
  const weak = { tier: 'weak', propensity: 1 } as const;

  it('without a share follows the policy and draws nothing', () => {
    expect(explore(weak, 0, noRandom)).toEqual(weak);
  });

  it('has propensities that add up to 1, whichever tier is drawn', () => {
    expect(explore(weak, 0.2, () => 0.0999)).toEqual({ tier: 'strong', propensity: 0.1 });
    expect(explore(weak, 0.2, () => 0.1)).toEqual({ tier: 'weak', propensity: 0.9 });
    expect(explore({ ...weak, tier: 'strong' }, 0.2, () => 0)).toEqual({
      tier: 'weak',
      propensity: 0.1,
    });
  });

  it('counts in that the policy itself broke a tie by chance', () => {
    const tie = { tier: 'strong', propensity: 0.25 } as const;
    // Strong by the policy and kept, or weak by the policy and turned: 0.25 x 0.9 + 0.75 x 0.1.
    expect(explore(tie, 0.2, () => 0.5).propensity).toBeCloseTo(0.3, 12);
    expect(explore(tie, 0.2, () => 0)).toEqual({ tier: 'weak', propensity: 0.7 });
  });
});

describe('a decider that explores', () => {
  const prompts = Array.from({ length: 2000 }, (_, i) => (i % 2 === 0 ? '0.9 hard' : '0.1 easy'));

  it('sends half its share against the score, from both sides, within binomial bounds', async () => {
    const decisions = await decideAll(prompts, 0.2, seededRandom(7));
    for (const [score, other] of [
      [0.9, 'weak'],
      [0.1, 'strong'],
    ] as const) {
      const group = decisions.filter((decision) => decision.score === score);
      const drawn = group.filter(({ tier }) => tier === other);
      // 1,000 draws of 0.1: mean 100, standard deviation 9.5; four of them.
      expect(group).toHaveLength(1000);
      expect(Math.abs(drawn.length - 100)).toBeLessThan(38);
      for (const { reason, propensity } of drawn) {
        expect([reason, propensity]).toEqual(['exploration', 0.1]);
      }
      for (const { reason, propensity } of group.filter(({ tier }) => tier !== other)) {
        expect([reason, propensity]).toEqual(['score', 0.9]);
      }
    }
  });

  it('gives inverse-propensity weights that count every request once', async () => {
    const decisions = await decideAll(prompts, 0.3, seededRandom(11));
    const strong = decisions.filter(({ tier }) => tier === 'strong');
    const weight = strong.reduce((sum, { propensity }) => sum + 1 / (propensity ?? 0), 0);
    // Its mean is 2,000; a weight of 1/0.15 for 150 of 1,000 makes a standard deviation of 76.
    expect(Math.abs(weight - 2000)).toBeLessThan(4 * 76);
  });

  it('leaves a decision that no score made alone', async () => {
    const decisions = await decideAll(['embedding fails'], 0.5, noRandom);
    expect(decisions[0]).toMatchObject({ tier: 'strong', propensity: null, score: null });
  });
});
