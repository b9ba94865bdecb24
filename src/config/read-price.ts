import type { Price } from '../upstream/deployment.ts';
import type { TierSettings } from './settings-schema.ts';

/** US dollars per million tokens. */
export type PriceSettings = Pick<
  TierSettings,
  'input_per_mtok' | 'cached_input_per_mtok' | 'output_per_mtok'
>;

/** Null when unknown, never a number that nobody gave; `half` where one that a cost needs is missing. */
export function readPrice({
  input_per_mtok: input,
  cached_input_per_mtok: cached,
  output_per_mtok: output,
}: PriceSettings): Price | 'half' | null {
  if (input === undefined && output === undefined && cached === undefined) return null;
  if (input === undefined || output === undefined) return 'half';
  return { inputPerMtok: input, cachedInputPerMtok: cached ?? null, outputPerMtok: output };
}
