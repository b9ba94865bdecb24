import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { fitBradleyTerry } from '../../../src/routing/bradley-terry.ts';
import { cosines } from '../../../src/routing/neighbours.ts';
import { ratingTiers } from '../../../src/routing/rating-tiers.ts';
import {
  createTierRanking,
  drawBattles,
  similarityWeights,
  tierCount,
  tierWinRate,
  unranked,
  type Battle,
} from '../../../src/routing/sw-ranking.ts';
import { createSwRankingRouter } from '../../../src/routing/sw-ranking-router.ts';
import { loadedNeighbours, tinyNeighbours } from '../../support/tiny-neighbours.ts';
import { fakeEmbedder, tinyCatalog } from '../../support/tiny-router.ts';

const models = 24;
const dimensions = 6;
const prompts = 150;

/** Models of falling strength; on prompts to the left the order matters more. */
function makeBattles(): { battles: Battle[]; vectors: Float32Array } {
  const random = seededRandom(7);
  const vectors = Float32Array.from({ length: prompts * dimensions }, () => normal(random));
  const battles = Array.from({ length: 3000 }, (): Battle => {
    const prompt = Math.floor(random() * prompts);
    const a = Math.floor(random() * models);
    const b = (a + 1 + Math.floor(random() * (models - 1))) % models;
    const edge = ((b - a) / models) * (1 + vectors[prompt * dimensions]!);
    const winner = random() < 0.2 ? 'tie' : random() < 1 / (1 + Math.exp(-3 * edge)) ? 'a' : 'b';
    return { prompt, a, b, winner };
  });
  return { battles, vectors };
}

/**
 * RouteLLM's regression by plain gradient descent on the whole list: each battle twice with its
 * weight, a tie as one win each. Battles inside a tier have a column of zeros.
 */
function bruteForce(
  battles: readonly Battle[],
  tiers: ArrayLike<number>,
  weights: ArrayLike<number>,
): Float64Array {
  const c = new Float64Array(tierCount);
  const total = battles.reduce((sum, { prompt }) => sum + 2 * weights[prompt]!, 0);
  const ln10 = Math.log(10);
  for (let step = 0; step < 6000; step++) {
    const gradient = new Float64Array(tierCount);
    for (const { prompt, a, b, winner } of battles) {
      const [ta, tb] = [tiers[a]!, tiers[b]!];
      if (ta === tb) continue;
      const p = 1 / (1 + 10 ** (c[tb]! - c[ta]!));
      for (const label of winner === 'tie' ? [1, 0] : winner === 'a' ? [1, 1] : [0, 0]) {
        gradient[ta]! += weights[prompt]! * (p - label) * ln10;
        gradient[tb]! -= weights[prompt]! * (p - label) * ln10;
      }
    }
    for (let t = 0; t < tierCount; t++) c[t]! -= (1.5 * gradient[t]!) / total;
  }
  return c;
}

describe('the weighted ranking of tiers', () => {
  it('is what gradient descent on the full weighted list of battles finds', () => {
    const { battles, vectors } = makeBattles();
    const ranking = createTierRanking(battles, models, vectors, 1);
    const vector = vectors.slice(0, dimensions).map((value, i) => value + 0.1 * i);
    const similarity = Array.from({ length: prompts }, (_, i) => {
      const row = vectors.subarray(i * dimensions, (i + 1) * dimensions);
      return row.reduce((sum, value, t) => sum + value * vector[t]!, 0) / Math.hypot(...vector);
    });
    const largest = Math.max(...similarity);
    const weights = similarity.map((cosine) => 10 * 10 ** (cosine / largest));
    const oracle = bruteForce(battles, ranking.tiers, weights);
    const ratings = ranking.ratings(vector);
    for (let s = 0; s < tierCount; s++) {
      for (let w = 0; w < tierCount; w++) {
        const elo = 400 * (oracle[s]! - oracle[w]!);
        expect(((ratings[s]! - ratings[w]!) * 400) / Math.LN10).toBeCloseTo(elo, 2);
        const score = 1 - 1 / (1 + 10 ** (elo / 400));
        expect(tierWinRate(ratings, s, w)).toBeCloseTo(score, 5);
      }
    }
  });

  it('weighs 10 to 100 for cosines from 0 to the largest, looking at prompts with battles only', () => {
    const weights = similarityWeights(Float64Array.of(0, 0.4, 0.8, 0.9), Uint8Array.of(1, 1, 1, 0));
    [10, 10 ** 1.5, 100].forEach((weight, i) => expect(weights[i]).toBeCloseTo(weight, 10));
    const flat = similarityWeights(Float64Array.of(-0.2, -0.1), Uint8Array.of(1, 1));
    expect([...flat]).toEqual([10, 10]);
  });

  it('does not rank models with few battles', () => {
    const { battles, vectors } = makeBattles();
    const rare = { prompt: 0, a: models, b: 0, winner: 'a' } as const;
    const ranking = createTierRanking([...battles, rare], models + 1, vectors, 20);
    expect(ranking.tiers[models]).toBe(unranked);
    expect(Math.max(...ranking.tiers.subarray(0, models))).toBe(tierCount - 1);
  });
});

describe('Bradley-Terry', () => {
  it('gives a pair the log odds of its wins', () => {
    const theta = fitBradleyTerry(Float64Array.of(0, 3, 1, 0), 2);
    expect(theta[0]! - theta[1]!).toBeCloseTo(Math.log(3), 6);
  });

  it('learns nothing from what a player won against itself', () => {
    const [alone, withSelf] = [Float64Array.of(0, 6, 3, 0), Float64Array.of(50, 6, 3, 70)];
    expect([...fitBradleyTerry(withSelf, 2)]).toEqual([...fitBradleyTerry(alone, 2)]);
  });

  it('stays finite for a player that never lost, and without battles', () => {
    const theta = fitBradleyTerry(Float64Array.of(0, 9, 0, 0), 2);
    expect(theta[0]! - theta[1]!).toBeGreaterThan(10);
    expect([...theta].every(Number.isFinite)).toBe(true);
    expect([...fitBradleyTerry(new Float64Array(4), 2)]).toEqual([0, 0]);
  });
});

describe('ratingTiers', () => {
  /** All ways to cut n sorted items into k runs. */
  function cuts(n: number, k: number, start = 0): number[][] {
    if (k === 1) return [[n]];
    const found: number[][] = [];
    for (let end = start + 1; end <= n - k + 1; end++) {
      for (const rest of cuts(n, k - 1, end)) found.push([end, ...rest]);
    }
    return found;
  }

  it('has the least sum of variances of all cuts', () => {
    const random = seededRandom(3);
    const variance = (values: number[]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    };
    for (let round = 0; round < 10; round++) {
      const ratings = Array.from({ length: 9 }, () => 1000 + 100 * normal(random));
      const sorted = [...ratings].sort((a, b) => b - a);
      const costs = cuts(9, 4).map((ends) =>
        ends.reduce((sum, end, i) => sum + variance(sorted.slice(ends[i - 1] ?? 0, end)), 0),
      );
      const tiers = ratingTiers(ratings, 4);
      const cost = [0, 1, 2, 3].reduce(
        (sum, tier) => sum + variance(ratings.filter((_, i) => tiers[i] === tier)),
        0,
      );
      expect(cost).toBeCloseTo(Math.min(...costs), 6);
      const best = ratings.indexOf(sorted[0]!);
      expect(tiers[best]).toBe(0);
    }
  });

  it('gives few models a tier each', () => {
    expect([...ratingTiers([900, 1100, 1000], 10)]).toEqual([2, 0, 1]);
  });
});

describe('the sw_ranking router', () => {
  const settings = () => ({
    neighbours: loadedNeighbours(),
    catalog: tinyCatalog,
    embedder: fakeEmbedder(),
    strongName: 'big',
    weakName: 'small',
    strongProfile: null,
    weakProfile: null,
  });

  it('scores by the tiers of the pair and explains what similar battles change', async () => {
    const { router, notes } = createSwRankingRouter(settings());
    const { winRate, embedding } = await router.score('hello there');
    expect(winRate).toBeGreaterThan(0.5);
    expect(winRate).toBeLessThan(1);
    expect(embedding).toHaveLength(4);
    const explained = await router.explain('hello there');
    expect(explained.winRate).toBe(winRate);
    const logit = explained.reasons.reduce((sum, { contribution }) => sum + contribution, 0);
    expect(1 / (1 + Math.exp(-logit))).toBeCloseTo(winRate, 10);
    expect(notes).toEqual([]);
  });

  it('sends half of the reference traffic to strong by default', () => {
    const neighbours = loadedNeighbours();
    const { router } = createSwRankingRouter({ ...settings(), neighbours });
    const ranking = createTierRanking(drawBattles(neighbours), 3, neighbours.vectors);
    const sent = Array.from({ length: 20 }, (_, i) =>
      tierWinRate(ranking.ratings(neighbours.traffic.subarray(i * 4, i * 4 + 4)), 0, 2),
    ).filter((score) => score >= router.defaultThreshold);
    expect(sent).toHaveLength(10);
    expect(cosines(neighbours.traffic, neighbours.traffic.subarray(0, 4))[0]).toBeCloseTo(1, 5);
  });

  it('refuses a pair within one tier, another embedder, a model that it does not rank', () => {
    const same = { ...settings(), neighbours: loadedNeighbours(crowded()), weakName: 'middle' };
    expect(() => createSwRankingRouter(same)).toThrow(/same tier/);
    const embedder = fakeEmbedder(8);
    expect(() => createSwRankingRouter({ ...settings(), embedder })).toThrow(
      /made with the embedder fake-4 .*not with fake-8/,
    );
    const few = loadedNeighbours(tinyNeighbours({ prompts: 30 }));
    expect(() => createSwRankingRouter({ ...settings(), neighbours: few })).toThrow(/too few/);
  });

  it('notes that strong and weak look swapped', () => {
    const swapped = { ...settings(), strongName: 'small', weakName: 'big' };
    expect(createSwRankingRouter(swapped).notes[0]).toContain('are the two swapped?');
  });

  /** Eleven models for ten tiers: the first two are alike, the others far apart. */
  function crowded() {
    const names = ['big', 'middle', 'small', ...Array.from({ length: 8 }, (_, i) => `m${i}`)];
    const made = tinyNeighbours({ models: names, prompts: 1000 });
    const random = seededRandom(5);
    const scores = made.scores.map((_, i) => {
      const model = Math.max(1, i % names.length);
      return random() < 1 - 0.09 * model ? 1 : 0;
    });
    return { ...made, scores };
  }
});
