import { ConfigError } from '../errors.ts';
import type { LabelSample } from '../store/label-queries.ts';
import { textOf, wholeNumber } from './option-values.ts';
import type { Options } from './setting-options.ts';

/** The flags of `label` that are no settings. */
export interface LabelFlags {
  readonly limit: number;
  readonly sample: LabelSample;
  readonly budgetNanoUsd: number | null;
  readonly parallel: number;
  /** A cost is agreed to. */
  readonly isAgreed: boolean;
  readonly isDryRun: boolean;
  readonly json: boolean;
}

const samples: readonly LabelSample[] = ['random', 'uncertain', 'recent'];

/** @throws ConfigError naming the flag and what it takes */
export function parseLabelFlags(options: Options): LabelFlags {
  return {
    limit: wholeNumber('--limit', textOf(options['limit']) ?? 200, 1, 1_000_000),
    sample: parseSample(textOf(options['sample']) ?? 'random'),
    budgetNanoUsd: parseBudget(textOf(options['budget'])),
    parallel: wholeNumber('--parallel', textOf(options['parallel']) ?? 1, 1, 64),
    isAgreed: options['yes'] === true,
    isDryRun: options['dryRun'] === true,
    json: options['json'] === true,
  };
}

function parseSample(text: string): LabelSample {
  const sample = samples.find((name) => name === text);
  if (sample !== undefined) return sample;
  throw new ConfigError(`--sample ${text} is not one of ${samples.join(', ')}.`);
}

function parseBudget(text: string | undefined): number | null {
  if (text === undefined) return null;
  const usd = Number(text);
  if (text.trim() !== '' && Number.isFinite(usd) && usd >= 0) return Math.round(1e9 * usd);
  throw new ConfigError(`--budget ${text} is not an amount of US dollars, such as 2.50.`);
}
