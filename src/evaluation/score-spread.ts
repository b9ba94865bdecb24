import type { Embedder } from '../embedding/embedder.ts';
import { quantile, sorted } from '../math/quantile.ts';
import type { Router } from '../routing/router.ts';

/** How a router scores the prompts of a group: a narrow range means that it cannot tell them apart. */
export interface ScoreSpread {
  readonly group: string;
  readonly prompts: number;
  /** Median share of tokens that the encoder does not know. */
  readonly unknownShare: number | null;
  /** Scores at 10, 50 and 90 % of the prompts. */
  readonly scores: readonly [number, number, number];
}

/** Groups with the most prompts first. */
export async function scoreSpread(
  prompts: readonly { readonly text: string; readonly group: string }[],
  router: Pick<Router, 'score'>,
  embedder: Embedder,
): Promise<ScoreSpread[]> {
  const texts = new Map<string, string[]>();
  for (const { text, group } of prompts) texts.set(group, [...(texts.get(group) ?? []), text]);
  const spreads: ScoreSpread[] = [];
  for (const [group, asked] of texts) {
    const embeddings = await embedder.embed(asked);
    const unknown = embeddings.flatMap(({ unknownShare }) => unknownShare ?? []);
    const winRates: number[] = [];
    for (const text of asked) winRates.push((await router.score(text)).winRate);
    const ordered = sorted(winRates);
    spreads.push({
      group,
      prompts: asked.length,
      unknownShare: unknown.length > 0 ? quantile(sorted(unknown), 0.5) : null,
      scores: [quantile(ordered, 0.1), quantile(ordered, 0.5), quantile(ordered, 0.9)],
    });
  }
  return spreads.sort((a, b) => b.prompts - a.prompts);
}
