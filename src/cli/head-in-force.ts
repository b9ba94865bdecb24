import { existsSync } from 'node:fs';
import { correctScore, parseLocalHead } from '../routing/local-head.ts';
import { openHeadQueries } from '../store/head-queries.ts';
import type { Scorer } from './scorer.ts';

/**
 * Scores as a server on this log does: by the local head that is in force for the router, where there
 * is one. Without a log there is none.
 * @throws ConfigError when the log cannot be read
 */
export function withHeadInForce(scorer: Scorer, db: string): Scorer {
  const { router } = scorer;
  const { name, version, defaultThreshold } = router;
  const found = existsSync(db) ? headInForce(db, name, version) : undefined;
  if (found === undefined) return scorer;
  const { headVersion, weights } = found;
  const { head } = parseLocalHead(weights, `the local head ${headVersion}`);
  return {
    router: {
      ...{ name, defaultThreshold, version: headVersion },
      score: async (text, signal) => correctScore(head, await router.score(text, signal), name),
    },
    close: () => scorer.close(),
  };
}

function headInForce(db: string, router: string, version: string) {
  const queries = openHeadQueries(db);
  try {
    return queries.heads(router, version).find(({ withdrawnAtUtc }) => withdrawnAtUtc === null);
  } finally {
    queries.close();
  }
}
