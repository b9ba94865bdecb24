import { loadSettings, namesModels, type SettingsInput } from '../config/load-config.ts';
import { defaults } from '../config/defaults.ts';
import type { Settings } from '../config/settings-schema.ts';
import { withScoredModels } from '../config/tier-choice.ts';
import { ConfigError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import { routerNames } from '../routing/create-router.ts';
import { runCalibrate } from './calibrate.ts';
import { noteTo, type CliIo } from './cli-io.ts';
import { createScorerOf } from './create-scorer.ts';
import { findModelNames } from './find-models.ts';
import { runScoreBatch } from './score-batch.ts';
import { textOf } from './option-values.ts';
import { pricesOf } from './price-rows.ts';
import type { Options } from './setting-options.ts';

/** `pointsman calibrate`: with a file of prompts, for the pair that `serve` would take. */
export async function calibrate(
  input: SettingsInput,
  options: Options,
  io: CliIo,
): Promise<number> {
  let settings = readSettings(input, io);
  const prompts = textOf(options['prompts']);
  if (prompts !== undefined && !namesModels(settings)) {
    settings = { ...settings, ...(await findModelNames()) };
  }
  const flags = {
    db: settings.db ?? defaults.db,
    strongModelPct: textOf(options['strongModelPct']),
    targetQuality: textOf(options['targetQuality']),
    maxCostPer1k: textOf(options['maxCostPer1k']),
    router: routerOf(options) ?? settings.routers?.[0],
    prompts,
    strongModel: settings.strong?.model,
    weakModel: settings.weak?.model,
    minPrompts: textOf(options['minPrompts']),
    outcomes: textOf(options['outcomes']),
    within: textOf(options['within']),
    resamples: textOf(options['resamples']),
    svg: textOf(options['svg']),
    apply: options['apply'] === true,
    json: options['json'] === true,
  };
  return runCalibrate(flags, io, {
    createScorer: createScorerOf(settings, io.env, noteTo(io)),
    prices: pricesOf(settings),
  });
}

/** `pointsman score`: no base URL is needed, since no model is called. */
export async function score(input: SettingsInput, options: Options, io: CliIo): Promise<number> {
  const settings = readSettings(input, io);
  const flags = {
    strongModel: settings.strong?.model,
    weakModel: settings.weak?.model,
    router: routerOf(options) ?? settings.routers?.[0],
    threshold: settings.threshold === undefined ? undefined : String(settings.threshold),
  };
  return runScoreBatch(flags, io, { createScorer: createScorerOf(settings, io.env, noteTo(io)) });
}

function readSettings(input: SettingsInput, io: CliIo): Settings {
  const { settings, warnings } = loadSettings(input);
  for (const warning of warnings) io.stderr.write(`pointsman: warning: ${warning}\n`);
  return withScoredModels(settings);
}

/** @throws ConfigError for a router that does not exist, before anything is loaded */
function routerOf(options: Options): string | undefined {
  const name = textOf(options['router']);
  if (name === undefined || routerNames.some((known) => known === name)) return name;
  const nearest = nearestName(name, routerNames);
  throw new ConfigError(
    `--router is "${name}"; it is one of ${routerNames.join(', ')}` +
      (nearest === null ? '' : `: did you mean ${nearest}?`),
  );
}
