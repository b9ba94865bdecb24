import { existsSync, readFileSync } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { nearestName } from '../nearest-name.ts';
import { defaultCatalogFile } from '../routing/create-router.ts';
import { loadModelCatalog, resolveModel } from '../routing/model-catalog.ts';
import { reportedPairs } from '../training/dev-report.ts';
import { modelIds } from '../training/training-rows.ts';
import type { Outcome } from '../training/outcomes.ts';

/** Names as the operator wrote them. */
export interface NamedPair {
  readonly strong: string;
  readonly weak: string;
  /** Of a list for all data: left out where the data lacks it. */
  readonly isOptional?: boolean;
}

export interface PairFlags {
  readonly strongModel: string | undefined;
  readonly weakModel: string | undefined;
  readonly pair: readonly string[] | undefined;
  /** `default`, or a file of pairs. */
  readonly pairs: string | undefined;
}

/** @throws ConfigError when no pair is named, or one cannot be read */
export function readPairs(flags: PairFlags): NamedPair[] {
  const named: NamedPair[] = (flags.pair ?? []).map((text) => parsePair(text, '--pair'));
  if (flags.pairs === 'default') {
    named.push(...reportedPairs.map(([strong, weak]) => ({ strong, weak, isOptional: true })));
  } else if (flags.pairs !== undefined) {
    named.push(...readPairFile(flags.pairs));
  }
  if (named.length > 0) return named;
  // The pair of the settings counts when no list of pairs is given.
  const { strongModel, weakModel } = flags;
  if (strongModel !== undefined && weakModel !== undefined) {
    return [{ strong: strongModel, weak: weakModel }];
  }
  if (strongModel !== undefined || weakModel !== undefined) {
    const missing = strongModel === undefined ? '--strong-model' : '--weak-model';
    throw new ConfigError(`a pair needs both models: ${missing} is missing.`);
  }
  throw new ConfigError(
    'evaluate needs a pair: --strong-model MODEL --weak-model MODEL, --pair STRONG/WEAK, ' +
      '--pairs FILE or --pairs default.',
  );
}

function readPairFile(file: string): NamedPair[] {
  if (!existsSync(file)) {
    throw new ConfigError(`--pairs ${file} is no file; it is one, or the word default.`);
  }
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    const text = line.replace(/(^|\s)#.*/, '').trim();
    return text === '' ? [] : [parsePair(text, `${file} line ${i + 1}:`)];
  });
}

/** "strong/weak"; with a comma where a name holds a slash itself. */
function parsePair(text: string, where: string): NamedPair {
  const parts = text.split(text.includes(',') ? ',' : '/').map((part) => part.trim());
  const [strong = '', weak = ''] = parts;
  if (parts.length === 2 && strong !== '' && weak !== '') return { strong, weak };
  throw new ConfigError(
    `${where} ${text} is not a pair STRONG/WEAK (or STRONG,WEAK where a name holds a slash).`,
  );
}

/** The id under which the outcomes know a model: its own name, or that of an alias. */
export function createIdFinder(outcomes: readonly Outcome[]): (name: string) => string {
  const ids = modelIds(outcomes);
  const catalog = loadModelCatalog(defaultCatalogFile);
  return (name) => {
    if (ids.includes(name)) return name;
    const resolved = resolveModel(catalog, name, true);
    if (resolved && resolved.how !== 'stand-in' && ids.includes(resolved.id)) return resolved.id;
    const nearest = nearestName(name, ids);
    const hint = nearest === null ? ids.slice(0, 8).join(', ') : `the nearest is ${nearest}`;
    throw new ConfigError(
      `the data holds no outcomes of ${name}; it knows ${ids.length} models (${hint}).`,
    );
  };
}
