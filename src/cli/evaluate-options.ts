import { defaults } from '../config/defaults.ts';
import { loadSettings, type SettingsInput } from '../config/load-config.ts';
import type { CliIo } from './cli-io.ts';
import { runEvaluate } from './evaluate.ts';
import { textOf } from './option-values.ts';
import { openRoutersOf } from './router-source.ts';
import type { Options } from './setting-options.ts';

/** `pointsman evaluate`: flags and config file, for `runEvaluate`. */
export async function evaluateFromOptions(
  input: SettingsInput,
  options: Options,
  io: CliIo,
): Promise<number> {
  const { settings, warnings } = loadSettings(input);
  for (const warning of warnings) io.stderr.write(`pointsman: warning: ${warning}\n`);
  const flags = {
    data: textsOf(options['data']),
    topicData: textsOf(options['topicData']),
    // The log is read only when the command line asks for it, not because the server has one.
    db: textOf(options['db']),
    withoutContaminated: options['withoutContaminated'] === true,
    strongModel: settings.strong?.model,
    weakModel: settings.weak?.model,
    pair: textsOf(options['pair']),
    pairs: textOf(options['pairs']),
    strongPrice: textOf(options['strongPrice']),
    weakPrice: textOf(options['weakPrice']),
    answerTokens: textOf(options['answerTokens']),
    routers: settings.routers ?? defaults.routers,
    resamples: textOf(options['resamples']),
    seed: textOf(options['seed']),
    minRows: textOf(options['minRows']),
    json: options['json'] === true,
    svg: textOf(options['svg']),
    html: textOf(options['html']),
  };
  return runEvaluate(flags, io, (isOnePair) => openRoutersOf(settings, io.env, isOnePair));
}

function textsOf(option: unknown): string[] | undefined {
  return Array.isArray(option) ? option.map(String) : undefined;
}
