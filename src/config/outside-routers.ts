import type { Config } from './config.ts';
import { isLocalHost } from './local-host.ts';

/** Routers that embed the text that they score. */
const embedding = ['mf', 'knn', 'sw_ranking'];

/** Those of the loaded routers that show what they score to a machine elsewhere. */
export function outsideRouters({
  routers,
  embedder,
  routerParts: { causalLlm },
}: Pick<Config, 'routers' | 'embedder' | 'routerParts'>): Set<string> {
  const embedsOutside = embedder.kind === 'endpoint' && !isLocalHost(embedder.baseUrl);
  const asksOutside = causalLlm !== null && !isLocalHost(causalLlm.baseUrl);
  return new Set(
    routers.filter(
      (router) =>
        (embedsOutside && embedding.includes(router)) || (asksOutside && router === 'causal_llm'),
    ),
  );
}
