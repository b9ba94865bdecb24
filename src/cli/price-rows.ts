import type { CalibrationRow } from '../calibration/calibration-row.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { CalibrationRecord } from '../store/calibration-queries.ts';

/** US dollars for a million tokens. */
interface Price {
  readonly input: number;
  readonly output: number;
}

/** Null: not known. */
export interface TierPrices {
  readonly strong: Price | null;
  readonly weak: Price | null;
}

export function pricesOf({ strong, weak }: Pick<Settings, 'strong' | 'weak'>): TierPrices {
  const priceOf = (tier: Settings['strong']): Price | null => {
    const { input_per_mtok: input, output_per_mtok: output } = tier ?? {};
    return input === undefined || output === undefined ? null : { input, output };
  };
  return { strong: priceOf(strong), weak: priceOf(weak) };
}

/** Requests that were logged without a cost get that of their tokens by the prices of now. */
export function withPrices(
  rows: readonly CalibrationRecord[],
  prices: TierPrices = { strong: null, weak: null },
): CalibrationRow[] {
  return rows.map((row) => {
    const price = prices[row.tier];
    const { costNanoUsd, promptTokens, completionTokens } = row;
    if (costNanoUsd !== null || price === null) return row;
    if (promptTokens === null || completionTokens === null) return row;
    // Dollars per 1e6 tokens are 1e3 nano-dollars per token.
    const nanoUsd = 1000 * (promptTokens * price.input + completionTokens * price.output);
    return { ...row, costNanoUsd: Math.round(nanoUsd) };
  });
}
