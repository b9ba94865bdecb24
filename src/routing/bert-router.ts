// RouteLLM's bert: a sequence classifier over the prompt. Labels in its order: 0 = strong wins,
// 1 = tie, 2 = weak wins; ties count for weak.
//   3 labels: score = softmax(logits)[0] = 1 - (p1 + p2)
//   2 labels: score = softmax(logits)[0]           0 = strong wins, 1 = tie or weak wins
//   1 logit:  score = sigmoid(logit)               a regression on "strong wins"
import type { Embedder } from '../embedding/embedder.ts';
import { ConfigError } from '../errors.ts';
import { sigmoid } from '../math/vector.ts';
import { embedOne } from './embed-one.ts';
import type { Router } from './router.ts';
import { shortHash } from './short-hash.ts';

/** RouteLLM's threshold for half of Chatbot Arena to strong, for its own three labels. */
const arenaMedian = 0.4066;
const labelNames = ['strong wins', 'tie', 'weak wins'] as const;

/** @param classifier gives logits (createHubClassifier). @throws ConfigError for a head of other size */
export function createBertRouter(classifier: Embedder): Router {
  const { id, dimensions: labels } = classifier;
  if (labels < 1 || labels > 3) {
    throw new ConfigError(
      `bert.model ${id} has ${labels} labels; it must have 3 (strong wins, tie, weak wins), 2 (strong ` +
        'wins, not) or 1 (log odds that strong wins)',
    );
  }
  return {
    name: 'bert',
    version: shortHash(['bert', id, String(labels)]),
    defaultThreshold: labels === 3 ? arenaMedian : 0.5,
    async score(text, signal) {
      const { vector } = await embedOne(classifier, text, signal);
      return { winRate: classifierScore(vector), embedding: null };
    },
    async explain(text, signal) {
      const { vector } = await embedOne(classifier, text, signal);
      const winRate = classifierScore(vector);
      return {
        winRate,
        embedding: null,
        expectedQuality: null,
        reasons: Array.from(vector, (logit, label) => ({
          name: `logit of "${labelNames[label] ?? ''}"`,
          contribution: label === 0 ? logit : -logit,
        })),
      };
    },
  };
}

export function classifierScore(logits: Float32Array): number {
  const score =
    logits.length === 1
      ? sigmoid(logits[0]!)
      : 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - logits[0]!), 0);
  return Number.isFinite(score) ? score : 0.5;
}
