import { ConfigError } from '../errors.ts';
import { logOdds } from '../math/vector.ts';
import { assertSameEmbedder, embedOne } from './embed-one.ts';
import { resolvePair } from './model-catalog-pair.ts';
import {
  createOutcomeSearch,
  weightedMeans,
  type NearestOutcomes,
  type Neighbour,
} from './nearest-outcomes.ts';
import { pairOutcomes, rebuildHint } from './neighbour-pair.ts';
import type { Router, ScoreReason } from './router.ts';
import { shortHash } from './short-hash.ts';
import { medianOver, type NeighbourRouterSettings } from './sw-ranking-router.ts';

/** With fewer prompts that both models answered, "the nearest" would be nearly all of them. */
const fewestPrompts = 150;
/** Neighbours that an explanation names. */
const namedNeighbours = 5;

/** @throws ConfigError when the embedder is another one or too few prompts know both models */
export function createKnnRouter(settings: NeighbourRouterSettings): {
  router: Router;
  notes: string[];
} {
  const { neighbours, embedder } = settings;
  assertSameEmbedder(neighbours.file, neighbours.metadata.embedder, embedder, rebuildHint);
  const pair = resolvePair(settings.catalog, settings.strongName, settings.weakName, {
    strong: settings.strongProfile,
    weak: settings.weakProfile,
  });
  const known = pairOutcomes(neighbours, pair.strong, pair.weak);
  if (known.ids.length < fewestPrompts) {
    throw new ConfigError(
      `knn knows only ${known.ids.length} prompts that both ${pair.strong} and ${pair.weak} ` +
        `answered, and needs ${fewestPrompts}; set strong.profile or weak.profile to a model with ` +
        'more outcomes (`pointsman models`), or use the router mf',
    );
  }
  const search = createOutcomeSearch(known);
  const router: Router = {
    name: 'knn',
    version: shortHash(['knn', neighbours.hash, embedder.id, pair.strong, pair.weak]),
    defaultThreshold: medianOver(neighbours, (vector) => search.nearest(vector).winRate),
    async score(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      return { winRate: search.nearest(vector).winRate, embedding: vector };
    },
    async explain(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      const found = search.nearest(vector);
      return {
        winRate: found.winRate,
        embedding: vector,
        expectedQuality: { strong: found.strong, weak: found.weak },
        reasons: reasonsOf(found, search.base),
      };
    },
  };
  return { router, notes: [...pair.notes] };
}

/** "weak was as good on 48 of 60 similar prompts", then the nearest of them one by one. */
function reasonsOf(found: NearestOutcomes, base: number): ScoreReason[] {
  const { neighbours, winRate } = found;
  const fine = neighbours.filter(({ strong, weak }) => weak >= strong).length;
  const nearest = neighbours.slice(0, namedNeighbours).map((one): ScoreReason => {
    const without = weightedMeans(neighbours.filter((other) => other !== one));
    const moved = winRate + (without.strong - without.weak) - (found.strong - found.weak);
    return { name: describe(one), contribution: logOdds(winRate) - logOdds(moved) };
  });
  return [
    {
      name: `weak was as good on ${fine} of ${neighbours.length} similar prompts`,
      contribution: logOdds(winRate) - logOdds(base),
    },
    ...nearest,
  ];
}

function describe({ id, strong, weak, similarity }: Neighbour): string {
  return `${id}: strong ${round(strong)}, weak ${round(weak)} (similarity ${round(similarity)})`;
}

function round(value: number): string {
  return String(Math.round(value * 100) / 100);
}
