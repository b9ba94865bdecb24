import type { AnswerFacts } from './answer-facts.ts';
import type { Price } from './deployment.ts';
import { estimateTokens } from './token-estimate.ts';

/** What an answer is billed by; null where it is not known. */
export interface BilledTokens {
  readonly promptTokens: number | null;
  /** Those of them that the upstream had cached; null or left out: none. */
  readonly cachedTokens?: number | null;
  readonly completionTokens: number | null;
}

/** The upstream's counts; what it did not count is estimated from the characters. */
export function billedTokens(
  facts: Pick<AnswerFacts, 'promptTokens' | 'cachedTokens' | 'completionTokens' | 'contentChars'>,
  promptChars: number,
): {
  readonly promptTokens: number;
  readonly cachedTokens: number | null;
  readonly completionTokens: number;
} {
  const promptTokens = facts.promptTokens ?? estimateTokens(promptChars);
  return {
    promptTokens,
    // More than the prompt has would make its sum in the log cost less than nothing.
    cachedTokens: facts.cachedTokens === null ? null : Math.min(facts.cachedTokens, promptTokens),
    completionTokens: facts.completionTokens ?? estimateTokens(facts.contentChars),
  };
}

/** 1e-9 US dollars; null when the price or the counts are unknown, never a made-up number. */
export function costNanoUsd(
  price: Price | null,
  { promptTokens, cachedTokens, completionTokens }: BilledTokens,
): number | null {
  if (price === null || promptTokens === null || completionTokens === null) return null;
  const { inputPerMtok, outputPerMtok } = price;
  const cached = Math.min(cachedTokens ?? 0, promptTokens);
  const input =
    (promptTokens - cached) * inputPerMtok + cached * (price.cachedInputPerMtok ?? inputPerMtok);
  // Dollars per 1e6 tokens are 1e3 nano-dollars per token.
  return Math.round(1000 * (input + completionTokens * outputPerMtok));
}
