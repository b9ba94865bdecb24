import type { Embedder } from '../embedding/embedder.ts';
import { quantile, sorted } from '../math/quantile.ts';
import type { Router } from '../routing/router.ts';

/** How a router scores the prompts of one language: a narrow range means that it cannot tell them apart. */
export interface LanguageSpread {
  readonly language: string;
  readonly prompts: number;
  /** Median share of tokens that the encoder does not know. */
  readonly unknownShare: number | null;
  /** Scores at 10, 50 and 90 % of the prompts. */
  readonly scores: readonly [number, number, number];
}

/** Languages with the most prompts first. */
export async function languageSpread(
  prompts: readonly { readonly text: string; readonly language: string }[],
  router: Pick<Router, 'score'>,
  embedder: Embedder,
): Promise<LanguageSpread[]> {
  const texts = new Map<string, string[]>();
  for (const { text, language } of prompts) {
    texts.set(language, [...(texts.get(language) ?? []), text]);
  }
  const spreads: LanguageSpread[] = [];
  for (const [language, asked] of texts) {
    const embeddings = await embedder.embed(asked);
    const unknown = embeddings.flatMap(({ unknownShare }) => unknownShare ?? []);
    const winRates: number[] = [];
    for (const text of asked) winRates.push((await router.score(text)).winRate);
    const ordered = sorted(winRates);
    spreads.push({
      language,
      prompts: asked.length,
      unknownShare: unknown.length > 0 ? quantile(sorted(unknown), 0.5) : null,
      scores: [quantile(ordered, 0.1), quantile(ordered, 0.5), quantile(ordered, 0.9)],
    });
  }
  return spreads.sort((a, b) => b.prompts - a.prompts);
}
