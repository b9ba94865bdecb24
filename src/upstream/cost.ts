import type { Price } from './deployment.ts';

/** 1e-9 US dollars; null when the price or the counts are unknown, never a made-up number. */
export function costNanoUsd(
  price: Price | null,
  promptTokens: number | null,
  completionTokens: number | null,
): number | null {
  if (price === null || promptTokens === null || completionTokens === null) return null;
  // Dollars per 1e6 tokens are 1e3 nano-dollars per token.
  return Math.round(
    1000 * (promptTokens * price.inputPerMtok + completionTokens * price.outputPerMtok),
  );
}
