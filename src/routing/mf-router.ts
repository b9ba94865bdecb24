import type { Embedder, Embedding } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import { deciles, quantile } from '../math/quantile.ts';
import { logOdds } from '../math/vector.ts';
import { assertSameEmbedder, embedOne } from './embed-one.ts';
import { latentCount, pairScorer, type PairScorer } from './matrix-factorization.ts';
import { resolvePair } from './model-catalog-pair.ts';
import type { ModelCatalog } from './model-catalog.ts';
import { promptFactors, readPromptFor, type PromptReading } from './prompt-factors.ts';
import { groupsOf } from './prompt-features.ts';
import type { ExplainedScore, Router, RouterCard, ScoreReason } from './router.ts';
import type { LoadedWeights } from './router-weights.ts';
import { shortHash } from './short-hash.ts';
import { trainAdvice } from './train-advice.ts';

export interface MfRouterSettings {
  readonly weights: LoadedWeights;
  readonly catalog: ModelCatalog;
  readonly embedder: Embedder;
  /** Names of the two deployments' models. */
  readonly strongName: string;
  readonly weakName: string;
  /** Trained model ids that stand for them; null: found by name. */
  readonly strongProfile: string | null;
  readonly weakProfile: string | null;
}

/** c of a prompt below which its shortness is named among the reasons: about 18 words. */
const shortOfContent = 0.9;

/** Of a topic that is named among the reasons. */
const clearShare = 0.2;

/** Share of the reference traffic that the default threshold sends to strong. */
const defaultStrongShare = 0.5;

/** @throws ConfigError when the weights are for another embedder or the pair cannot be resolved */
export function createMfRouter(settings: MfRouterSettings): { router: Router; notes: string[] } {
  const { weights, embedder } = settings;
  assertSameEmbedder(weights.file, weights.metadata.embedder, embedder, trainAdvice(embedder));
  const pair = resolvePair(settings.catalog, settings.strongName, settings.weakName, {
    strong: settings.strongProfile,
    weak: settings.weakProfile,
  });
  const strong = modelRow(weights, pair.strong);
  const weak = modelRow(weights, pair.weak);
  const scorer = pairScorer(
    weights.head,
    weights.metadata.winRate,
    weights.meanQuality,
    strong,
    weak,
  );
  const traffic = trafficScores(weights, scorer);
  const router: Router = {
    name: 'mf',
    version: shortHash([weights.hash, embedder.id, pair.strong, pair.weak]),
    defaultThreshold: quantile(traffic, 1 - defaultStrongShare),
    trafficScores: { deciles: deciles(traffic), scores: traffic.length },
    card: cardOf(weights, pair),
    async score(text, signal) {
      const embedding = await embedOne(embedder, text, signal);
      const reading = readPromptFor(text, embedding, weights);
      const { winRate } = scorer.scoreFactors(promptFactors(reading, weights));
      return { winRate, embedding: vectorOf(embedding, reading) };
    },
    async explain(text, signal) {
      const embedding = await embedOne(embedder, text, signal);
      return explainScore(weights, scorer, text, embedding);
    },
  };
  const notes = [...pair.notes];
  if (weights.meanQuality[weak]! > weights.meanQuality[strong]!) {
    notes.push(
      `the weak model (scored as ${pair.weak}) does better than the strong one ` +
        `(scored as ${pair.strong}) on most prompts: are the two swapped?`,
    );
  }
  return { router, notes };
}

function cardOf(
  { metadata }: LoadedWeights,
  pair: { readonly strong: string; readonly weak: string },
): RouterCard {
  const { prompts, outcomes, devLoss, devCalibrationError, dev } = metadata.training;
  return {
    strongProfile: pair.strong,
    weakProfile: pair.weak,
    embedderId: metadata.embedder.id,
    ...{ prompts, outcomes, devLoss, models: metadata.models.length },
    calibrationError: devCalibrationError,
    pairs: dev
      .filter(({ source }) => source === 'pooled')
      .map(({ source: _source, ...figures }) => figures),
  };
}

function modelRow({ file, metadata }: LoadedWeights, id: string): number {
  const row = metadata.models.indexOf(id);
  if (row >= 0) return row;
  throw new ConfigError(`the router weights ${file} know no model ${id}; train them again`);
}

/** Scores of the reference traffic (everyday prompts, kept as factors), ascending. */
function trafficScores({ head, trafficFactors }: LoadedWeights, scorer: PairScorer): Float64Array {
  const scores = new Float64Array(trafficFactors.length / head.rank);
  for (let i = 0; i < scores.length; i++) {
    scores[i] = scorer.scoreFactors(trafficFactors, i * head.rank).winRate;
  }
  return scores.sort();
}

/**
 * What a group adds: the logit of the score, less the logit with that group as in an average prompt; what a topic
 * adds: the same, less that with no share of it.
 */
function explainScore(
  weights: LoadedWeights,
  scorer: PairScorer,
  text: string,
  embedding: Embedding,
): ExplainedScore {
  const reading = readPromptFor(text, embedding, weights);
  const factors = promptFactors(reading, weights);
  const whole = scorer.scoreFactors(factors);
  const above = (other: Float64Array): number =>
    logOdds(whole.winRate, 1e-9) - logOdds(scorer.scoreFactors(other).winRate, 1e-9);
  const reasonFor = (name: string, without: Partial<PromptReading>): ScoreReason => ({
    name,
    contribution: above(promptFactors({ ...reading, ...without }, weights)),
  });
  const reasons = groupsOf(weights.features).map(({ name, start, end }) =>
    reasonFor(name, { x: reading.x.slice().fill(0, start, end) }),
  );
  const latent = latentCount(weights.head);
  for (const [t, name] of (weights.head.topics?.names ?? []).entries()) {
    if (factors[latent + t]! < clearShare) continue;
    const without = factors.slice();
    without[latent + t] = 0;
    reasons.push({ name: `reads like ${name}`, contribution: above(without) });
  }
  if (weights.caution && reading.unknown > 0) {
    reasons.push(reasonFor('marks of an unknown language', { marks: reading.marks.map(() => 0) }));
  }
  if (weights.caution && reading.content < shortOfContent) {
    reasons.push(reasonFor('few words', { content: 1 }));
  }
  if (weights.caution && reading.open > 0.5) {
    reasons.push(reasonFor('open task', { open: 0 }));
  }
  if (reading.familiar < 0.5 && reading.unknown < 1) {
    reasons.push(reasonFor('unlike the tasks of training', { familiar: 1 }));
  }
  return {
    winRate: whole.winRate,
    embedding: vectorOf(embedding, reading),
    expectedQuality: { strong: whole.strong, weak: whole.weak },
    reasons,
  };
}

/** From an embedder without vectors, what was read from the text in their place. */
function vectorOf({ vector }: Embedding, { x }: PromptReading): Float32Array {
  return vector.length > 0 ? vector : Float32Array.from(x);
}
