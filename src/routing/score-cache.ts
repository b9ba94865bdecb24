import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { PromptScore, Router } from './router.ts';

const defaultMaxEntries = 5000;
/** Longer texts are kept by their hash, so that the cache stays small. */
const longestKey = 200;

/**
 * Keeps the scores of the texts seen last. A router's score of a text never changes within its
 * version, so neither features nor head need to be computed again. Failures are not kept.
 */
export function cacheScores(router: Router, maxEntries = defaultMaxEntries): Router {
  const scores = new LRUCache<string, PromptScore>({ max: maxEntries });
  return {
    ...router,
    peek: (text) => scores.get(keyOf(text)) ?? null,
    async score(text, signal) {
      const key = keyOf(text);
      const known = scores.get(key);
      if (known !== undefined) return known;
      const score = await router.score(text, signal);
      scores.set(key, score);
      return score;
    },
    explain: (text, signal) => router.explain(text, signal),
  };
}

function keyOf(text: string): string {
  if (text.length <= longestKey) return text;
  return hash('sha256', text, 'base64');
}
