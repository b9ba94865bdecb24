import type { PriceSettings } from './read-price.ts';
import type { Settings, TierSettings } from './settings-schema.ts';

/**
 * Flags win over the file, key by key. Three rules keep the result what its writer meant: a flag
 * for both models also wins over the file's value for one of them, one for the threshold replaces a
 * share to hold and the other way round, and what the file says *about*
 * a model (profile, prices, context window, abilities) goes when a flag names another model, as does
 * whether it is local when a flag names another place.
 */
export function mergeSettings(file: Settings, flags: Settings): Settings {
  const both = keyChoice({ ...file, ...flags }, flags);
  return withoutUndefined({
    ...file,
    ...flags,
    ...both,
    ...boundaryChoice(file, flags),
    strong: mergeTier('strong', file, flags),
    weak: mergeTier('weak', file, flags),
    cascade: { ...file.cascade, ...flags.cascade },
    embedding: { ...file.embedding, ...flags.embedding },
    judge: mergeJudge(file.judge ?? {}, flags.judge ?? {}),
    shadow: { ...file.shadow, ...flags.shadow },
    timeouts: { ...file.timeouts, ...flags.timeouts },
    limits: { ...file.limits, ...flags.limits },
  });
}

/** A flag for one of the two ways to say where the boundary is replaces the file's other way. */
function boundaryChoice(file: Settings, flags: Settings) {
  const isSaid = flags.threshold !== undefined || flags.target_strong_share !== undefined;
  const { threshold, target_strong_share } = isSaid ? flags : file;
  return { threshold, target_strong_share };
}

function mergeTier(
  tier: 'strong' | 'weak',
  fileForBoth: Settings,
  flagsForBoth: Settings,
): TierSettings {
  const file = fileForBoth[tier] ?? {};
  const flags = flagsForBoth[tier] ?? {};
  const kept = { ...file };
  if (flags.model !== undefined && flags.model !== file.model) {
    delete kept.profile;
    dropPrices(kept);
    delete kept.max_input_tokens;
    delete kept.supports;
  }
  // Whether it is this machine's, was said of the place that the file names.
  const fileUrl = file.base_url ?? fileForBoth.base_url;
  const isElsewhere = (flags.base_url ?? flagsForBoth.base_url ?? fileUrl) !== fileUrl;
  if (isElsewhere || (flags.model ?? file.model) !== file.model) delete kept.local;
  if (flagsForBoth.base_url !== undefined) delete kept.base_url;
  if (givesKey(flagsForBoth)) {
    delete kept.api_key;
    delete kept.api_key_env;
  }
  return withoutUndefined({ ...kept, ...flags, ...keyChoice({ ...kept, ...flags }, flags) });
}

function dropPrices(settings: PriceSettings): void {
  delete settings.input_per_mtok;
  delete settings.cached_input_per_mtok;
  delete settings.output_per_mtok;
}

function mergeJudge(file: JudgeSettings, flags: JudgeSettings): JudgeSettings {
  const kept = { ...file };
  if (flags.model !== undefined && flags.model !== file.model) {
    dropPrices(kept);
  }
  return { ...kept, ...flags };
}

type JudgeSettings = NonNullable<Settings['judge']>;

interface KeySettings {
  api_key?: string | undefined;
  api_key_env?: string | undefined;
}

/** One way to name the key replaces the other way, so that two sources never disagree. */
function keyChoice(merged: KeySettings, flags: KeySettings): KeySettings {
  const { api_key, api_key_env } = givesKey(flags) ? flags : merged;
  return { api_key, api_key_env };
}

function givesKey(settings: KeySettings): boolean {
  return settings.api_key !== undefined || settings.api_key_env !== undefined;
}

function withoutUndefined<T extends object>(settings: T): T {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as T;
}
