import { ConfigError } from '../errors.ts';
import { logOdds } from '../math/vector.ts';
import { embedOne } from './embed-one.ts';
import type { PairParts } from './open-mf-router.ts';
import { routellmEmbedding, routellmScore } from './routellm-mf.ts';
import { findRoutellmId, routellmId, routellmModels, routellmPair } from './routellm-models.ts';
import type { RoutellmWeights } from './routellm-weights.ts';
import type { Router } from './router.ts';
import { shortHash } from './short-hash.ts';

/** RouteLLM's threshold for half of Chatbot Arena to strong (its README: `calibrate_threshold`). */
const arenaMedian = 0.11593;

/** The router mf with RouteLLM's weights. @throws ConfigError when embedder or pair do not fit */
export function createRoutellmMfRouter(
  file: string,
  weights: RoutellmWeights,
  parts: PairParts,
): { router: Router; notes: string[] } {
  const { embedder } = parts;
  const { model, dimensions } = routellmEmbedding;
  if (embedder.dimensions !== dimensions) {
    throw new ConfigError(
      `the router weights ${file} are RouteLLM's, for ${model} (${dimensions} dimensions), not for ` +
        `${embedder.id} (${embedder.dimensions}); set embedder to endpoint and embedding.model to ${model}`,
    );
  }
  const notes: string[] = [];
  if (!embedder.id.includes(model)) {
    notes.push(
      `RouteLLM's weights were trained for ${model}; scores of ${embedder.id} mean nothing`,
    );
  }
  const pair = choosePair(weights, parts, notes);
  const u = weights.direction(routellmId(pair.strong, 'strong'), routellmId(pair.weak, 'weak'));
  const router: Router = {
    name: 'mf',
    version: shortHash([weights.hash, embedder.id, pair.strong, pair.weak]),
    defaultThreshold: arenaMedian,
    async score(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      return { winRate: routellmScore(u, vector), embedding: vector };
    },
    async explain(text, signal) {
      const { vector } = await embedOne(embedder, text, signal);
      const winRate = routellmScore(u, vector);
      const contribution = logOdds(winRate);
      return {
        winRate,
        embedding: vector,
        expectedQuality: null,
        reasons: [{ name: 'sentence meaning', contribution }],
      };
    },
  };
  return { router, notes };
}

/** Of a collapsed file its own; else profiles, else names that it knows, else RouteLLM's own pair. */
function choosePair(
  weights: RoutellmWeights,
  parts: PairParts,
  notes: string[],
): { strong: string; weak: string } {
  const chosen = weights.pair ?? {
    strong: chooseOne(parts.strongProfile, parts.strongName, 'strong'),
    weak: chooseOne(parts.weakProfile, parts.weakName, 'weak'),
  };
  if (chosen.strong === chosen.weak) {
    throw new ConfigError(
      `RouteLLM's weights would compare ${chosen.strong} with itself; set strong.profile or weak.profile`,
    );
  }
  const isTheirs = (tier: 'strong' | 'weak', name: string, profile: string | null): boolean =>
    routellmModels[findRoutellmId(profile ?? name) ?? -1] === chosen[tier];
  if (
    !isTheirs('strong', parts.strongName, parts.strongProfile) ||
    !isTheirs('weak', parts.weakName, parts.weakProfile)
  ) {
    notes.push(
      `RouteLLM's scores are about ${chosen.strong} against ${chosen.weak}, whatever pair is served`,
    );
  }
  return chosen;
}

function chooseOne(profile: string | null, name: string, tier: 'strong' | 'weak'): string {
  if (profile !== null) return routellmModels[routellmId(profile, `${tier}.profile`)]!;
  return routellmModels[findRoutellmId(name) ?? -1] ?? routellmPair[tier];
}
