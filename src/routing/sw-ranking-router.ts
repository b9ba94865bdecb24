import { ConfigError } from '../errors.ts';
import { quantile, sorted } from '../math/quantile.ts';
import { logOdds } from '../math/vector.ts';
import { assertSameEmbedder, embedOne } from './embed-one.ts';
import { resolvePair } from './model-catalog-pair.ts';
import type { LoadedNeighbours } from './neighbours.ts';
import { modelOf, rebuildHint } from './neighbour-pair.ts';
import type { PairParts } from './open-mf-router.ts';
import type { Router } from './router.ts';
import { shortHash } from './short-hash.ts';
import { createTierRanking, drawBattles, tierWinRate, unranked } from './sw-ranking.ts';

export interface NeighbourRouterSettings extends PairParts {
  readonly neighbours: LoadedNeighbours;
}

/** @throws ConfigError when the embedder is another one, or the pair has no two tiers */
export function createSwRankingRouter(settings: NeighbourRouterSettings): {
  router: Router;
  notes: string[];
} {
  const { neighbours, embedder } = settings;
  const { file, metadata } = neighbours;
  assertSameEmbedder(file, metadata.embedder, embedder, rebuildHint);
  const pair = resolvePair(settings.catalog, settings.strongName, settings.weakName, {
    strong: settings.strongProfile,
    weak: settings.weakProfile,
  });
  const ranking = createTierRanking(
    drawBattles(neighbours),
    metadata.models.length,
    neighbours.vectors,
  );
  const tierOf = (id: string): number => {
    const tier = ranking.tiers[modelOf(neighbours, id)]!;
    if (tier !== unranked) return tier;
    throw new ConfigError(
      `sw_ranking has too few battles of ${id} to rank it; set strong.profile or weak.profile to a ` +
        'model with more outcomes (`pointsman models`), or use the router mf',
    );
  };
  const strong = tierOf(pair.strong);
  const weak = tierOf(pair.weak);
  if (strong === weak) {
    throw new ConfigError(
      `sw_ranking puts ${pair.strong} and ${pair.weak} into the same tier (${strong + 1} of 10), so ` +
        'every prompt would get 0.5; use the router mf or knn for this pair',
    );
  }
  const winRateOf = (vector: Float32Array): number => {
    const rate = tierWinRate(ranking.ratings(vector), strong, weak);
    return Number.isFinite(rate) ? rate : 0.5;
  };
  const base = ranking.base[strong]! - ranking.base[weak]!;
  const router: Router = {
    name: 'sw_ranking',
    version: shortHash(['sw_ranking', neighbours.hash, embedder.id, pair.strong, pair.weak]),
    defaultThreshold: medianOver(neighbours, winRateOf),
    async score(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      return { winRate: winRateOf(vector), embedding: vector };
    },
    async explain(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      const winRate = winRateOf(vector);
      const logit = logOdds(winRate);
      return {
        winRate,
        embedding: vector,
        expectedQuality: null,
        reasons: [
          { name: `tier ${strong + 1} against tier ${weak + 1}, all battles`, contribution: base },
          { name: 'battles on similar prompts', contribution: logit - base },
        ],
      };
    },
  };
  const notes = [...pair.notes];
  if (strong > weak) {
    notes.push(
      `sw_ranking: the weak model (tier ${weak + 1}) ranks above the strong one (tier ` +
        `${strong + 1}): are the two swapped?`,
    );
  }
  return { router, notes };
}

/** Half of the reference traffic scores higher. */
export function medianOver(
  { traffic, metadata }: LoadedNeighbours,
  winRateOf: (vector: Float32Array) => number,
): number {
  const { dimensions } = metadata.embedder;
  const scores = Float64Array.from({ length: metadata.traffic }, (_, i) =>
    winRateOf(traffic.subarray(i * dimensions, (i + 1) * dimensions)),
  );
  return quantile(sorted(scores), 0.5);
}
