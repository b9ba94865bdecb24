import type { Price } from './deployment.ts';

/** What an answer is billed by; null where it is not known. */
export interface BilledTokens {
  readonly promptTokens: number | null;
  /** Those of them that the upstream had cached; null or left out: none. */
  readonly cachedTokens?: number | null;
  readonly completionTokens: number | null;
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
