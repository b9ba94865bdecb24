import { describe, expect, it } from 'vitest';
import { groupOutcomes } from '../../../src/learning/hold-out.ts';
import { learnHead, type LearnedFrom } from '../../../src/learning/learn-head.ts';
import type { LocalOutcome } from '../../../src/learning/local-outcome.ts';
import { observedGain } from '../../../src/learning/observed-gain.ts';
import { seededRandom, type Random } from '../../../src/math/random.ts';
import { mean } from '../../../src/math/vector.ts';
import {
  agreeing,
  compared,
  differing,
  rated,
  syntheticPrompt,
  type Qualities,
} from '../../support/local-outcomes.ts';

type Show = (...of: Parameters<typeof compared>) => LocalOutcome;

function logged(count: number, seed: number, qualities: Qualities, show: Show = compared) {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (): LearnedFrom => {
    const prompt = syntheticPrompt(random);
    return {
      ...show(prompt, qualities(prompt), random),
      ...{ sessionHash: null, promptHash: null, isNewToPresent: true },
      promptChars: Math.floor(random() * 500),
    };
  });
}

const explored: Show = (prompt, qualities, random) => rated(prompt, qualities, random, 0.4);
const certain: Show = (prompt, qualities, random) => rated(prompt, qualities, random, 0);

function learn(outcomes: LearnedFrom[], changes: Partial<Parameters<typeof learnHead>[0]> = {}) {
  const input = { outcomes, present: null, strongShare: 0.5, seed: 1, resamples: 400, ...changes };
  return learnHead(input);
}

describe('whether a new head is better', () => {
  it('is seen from 1,000 comparisons of a user who differs', () => {
    const { comparison } = learn(logged(1000, 1, differing));
    expect(comparison?.isBetter).toBe(true);
    expect(comparison?.apgrGain.value).toBeGreaterThan(0.1);
    expect(comparison?.apgrGain.interval95?.[0]).toBeGreaterThan(0.05);
    const names = comparison?.contenders.map(({ name }) => name);
    expect(names).toEqual([
      ...['new head', 'present head', 'prompt length', 'random', 'always weak', 'always strong'],
    ]);
    const [fresh, , length, random] = comparison!.contenders.map(({ apgr }) => apgr.value);
    expect(fresh).toBeGreaterThan(0.65);
    expect(length).toBeCloseTo(0.5, 1);
    expect(random).toBeCloseTo(0.5, 1);
  });

  it('is seen from ratings of explored requests', () => {
    const { comparison } = learn(logged(2000, 2, differing, explored));
    expect(comparison?.isBetter).toBe(true);
  });

  it('is not told from conversations that all begin with the same words', () => {
    const outcomes = logged(300, 1, differing).map((outcome, i) => ({
      ...outcome,
      sessionHash: `session ${i % 60}`,
      promptHash: i < 60 ? 'hello' : null,
    }));
    const { counts, comparison } = learn(outcomes);
    expect(counts).toMatchObject({ telling: 300, groups: 1 });
    expect(comparison).toBeNull();
  });

  it('is not claimed for a user who agrees, and says how many outcomes a gain would need', () => {
    const { comparison } = learn(logged(1000, 3, agreeing));
    expect(comparison?.isBetter).toBe(false);
    expect(comparison?.outcomesNeeded).toBeGreaterThan(1000);
  });

  it('is hardly ever claimed falsely', () => {
    // Neither head knows anything here: the worst case, where a difference is nothing but noise.
    const blind: Qualities = () => ({ strong: 0.7, weak: 0.55 });
    const runs = 40;
    const claims = (qualities: Qualities) => {
      let better = 0;
      for (let seed = 0; seed < runs; seed++) {
        const { comparison } = learn(logged(150, 100 + seed, qualities), { seed, resamples: 200 });
        if (comparison?.isBetter === true) better++;
      }
      return better;
    };
    // At 2.5 % a run, 5 or more of 40 come about in one case of 300.
    expect(claims(blind)).toBeLessThan(5);
    expect(claims(agreeing)).toBe(0);
  });

  it('is not asked with too few outcomes, or with ratings of tiers that were certain', () => {
    expect(learn(logged(30, 4, differing)).comparison).toBeNull();
    const { comparison, counts } = learn(logged(500, 5, differing, certain));
    expect(comparison).toBeNull();
    expect(counts).toEqual({ outcomes: 500, compared: 0, rated: 500, telling: 0, groups: 0 });
  });

  it('is measured against the present head on outcomes that this one has not seen', () => {
    const old = logged(1000, 6, differing).map((one) => ({ ...one, isNewToPresent: false }));
    const present = learn(old).fitted.head;
    const fresh = logged(600, 7, differing);
    const { comparison, counts } = learn([...old, ...fresh], { present });
    expect(counts.telling).toBe(600);
    const byName = new Map(comparison?.contenders.map(({ name, apgr }) => [name, apgr.value]));
    expect(byName.get('present head')).toBeGreaterThan(byName.get('shipped head')! + 0.1);
    expect(comparison?.isBetter).toBe(false);
  });
});

describe('what an outcome shows', () => {
  it('is unbiased from ratings with propensities, whatever was expected', () => {
    const random: Random = seededRandom(8);
    const qualities = { strong: 0.8, weak: 0.5 };
    for (const [winRate, expected] of [
      [0.65, 0.6],
      [0.1, 0.9],
    ] as const) {
      const gains = Array.from({ length: 40_000 }, () => {
        const one = rated(syntheticPrompt(random), qualities, random, 0.4);
        return observedGain(one, winRate, expected)!.gain;
      });
      expect(mean(gains)).toBeCloseTo(0.3, 1);
      expect(Math.abs(mean(gains) - 0.3)).toBeLessThan(0.03);
    }
  });

  it('is the verdict where both answers were compared, and nothing where the tier was certain', () => {
    const rating = { tier: 'strong', value: 1, propensity: 0.9 } as const;
    expect(observedGain({ strongWin: 0.75, rating }, 0.5, 0.5)).toEqual({
      ...{ gain: 0.5, kind: 'compared' },
    });
    for (const propensity of [1, null]) {
      const certain = { strongWin: null, rating: { ...rating, propensity } };
      expect(observedGain(certain, 0.5, 0.5)).toBeNull();
    }
    expect(observedGain({ strongWin: null, rating: null }, 0.5, 0.5)).toBeNull();
  });
});

describe('outcomes that belong together', () => {
  const vector = (value: number) => Float32Array.of(value, 1);

  it('are those of one conversation or prompt, and what they are tied to', () => {
    const of = (value: number, sessionHash: string | null, promptHash: string | null) => ({
      ...{ embedding: vector(value), sessionHash, promptHash },
    });
    const groups = groupOutcomes([
      of(1, 'a', null),
      of(2, 'a', 'p'),
      of(3, null, 'p'),
      of(3, 'b', null),
      of(4, null, null),
      of(5, null, null),
    ]);
    expect(groups[1]).toBe(groups[0]);
    expect(groups[2]).toBe(groups[0]);
    expect(groups[3]).toBe(groups[0]);
    expect(new Set(groups).size).toBe(3);
  });

  it('do not leak into the measure: one prompt logged again and again earns nothing', () => {
    // 40 prompts with outcomes by chance, each logged ten times with the same result.
    const random = seededRandom(9);
    const prompts = logged(40, 10, () => ({ strong: 0.5 + 0.3 * random(), weak: 0.4 }));
    const outcomes = Array.from({ length: 400 }, (_, i) => prompts[i % 40]!);
    expect(learn(outcomes).comparison?.isBetter).toBe(false);
  });
});
