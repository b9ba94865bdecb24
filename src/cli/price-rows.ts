import type { CalibrationRow } from '../calibration/calibration-row.ts';
import { readPrice } from '../config/read-price.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { CalibrationRecord } from '../store/calibration-queries.ts';
import { costNanoUsd } from '../upstream/cost.ts';
import type { Price } from '../upstream/deployment.ts';

/** Null: not known. */
export interface TierPrices {
  readonly strong: Price | null;
  readonly weak: Price | null;
}

export function pricesOf({ strong, weak }: Pick<Settings, 'strong' | 'weak'>): TierPrices {
  const priceOf = (tier: Settings['strong']): Price | null => {
    const price = readPrice(tier ?? {});
    return price === 'half' ? null : price;
  };
  return { strong: priceOf(strong), weak: priceOf(weak) };
}

/** Requests that were logged without a cost get that of their tokens by the prices of now. */
export function withPrices(
  rows: readonly CalibrationRecord[],
  prices: TierPrices = { strong: null, weak: null },
): CalibrationRow[] {
  return rows.map((row) => ({
    ...row,
    costNanoUsd: row.costNanoUsd ?? costNanoUsd(prices[row.tier], row),
  }));
}
