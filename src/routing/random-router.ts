import type { Random } from '../math/random.ts';
import type { ExplainedScore, Router } from './router.ts';

/** RouteLLM's baseline: every prompt gets a number from U(0, 1). */
export function createRandomRouter(random: Random = Math.random): Router {
  const explain = (): ExplainedScore => ({
    winRate: random(),
    embedding: null,
    expectedQuality: null,
    reasons: [],
  });
  return {
    name: 'random',
    version: 'random',
    defaultThreshold: 0.5,
    score: () => Promise.resolve({ winRate: random(), embedding: null }),
    explain: () => Promise.resolve(explain()),
  };
}
