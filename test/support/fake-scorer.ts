import type { PromptScore } from '../../src/routing/router.ts';
import type { CreateScorer, Scorer, ScorerRequest } from '../../src/cli/scorer.ts';

/** Scores by a function of the text, and remembers what it was asked. */
export function fakeScorer(
  winRate: (text: string, signal?: AbortSignal) => number | Promise<number>,
  router: Partial<Omit<Scorer['router'], 'score'>> = {},
) {
  const seen = {
    requests: [] as ScorerRequest[],
    inFlight: 0,
    mostInFlight: 0,
    calls: 0,
    isClosed: false,
  };
  const createScorer: CreateScorer = (request) => {
    seen.requests.push(request);
    return Promise.resolve({
      router: {
        name: 'mf',
        version: 'mf-fake',
        defaultThreshold: 0.5,
        ...router,
        async score(text, signal): Promise<PromptScore> {
          seen.calls += 1;
          seen.inFlight += 1;
          seen.mostInFlight = Math.max(seen.mostInFlight, seen.inFlight);
          try {
            return { winRate: await winRate(text, signal), embedding: null };
          } finally {
            seen.inFlight -= 1;
          }
        },
      },
      close() {
        seen.isClosed = true;
        return Promise.resolve();
      },
    });
  };
  return { createScorer, seen };
}
