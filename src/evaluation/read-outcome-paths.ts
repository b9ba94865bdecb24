import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { parseOutcomes, readOutcomes, type Outcome } from '../training/outcomes.ts';

/** Outcomes to evaluate on, and where the floors by source and topic learn. */
export interface EvaluationData {
  readonly name: string;
  readonly rows: readonly Outcome[];
  /** Outcomes of other questions; null: there are none. */
  readonly learn: readonly Outcome[] | null;
  readonly topicsFrom: string;
}

const maxReported = 10;

/**
 * Files, folders of *.jsonl, or a folder that holds outcomes/dev or dev. Beside a folder `dev`, the folder
 * `train` teaches the floors by source and topic, unless `topicPaths` are given.
 * @throws ConfigError that names bad rows by file and line
 */
export function readEvaluationData(
  paths: readonly string[],
  topicPaths: readonly string[] | null,
): EvaluationData {
  const found = paths.map(devFolderOf);
  const rows = readPaths(found);
  const train = topicPaths ?? trainFolderOf(found);
  return {
    name: found.join(' '),
    rows,
    learn: train && readPaths(train),
    topicsFrom: train === null ? 'the other nine of ten folds by question' : train.join(' '),
  };
}

function devFolderOf(path: string): string {
  const dev = join(path, 'outcomes', 'dev');
  if (existsSync(dev)) return dev;
  const own = join(path, 'dev');
  return hasOutcomes(own) && !hasOutcomes(path) ? own : path.replace(/(?<=.)\/+$/, '');
}

function trainFolderOf(paths: readonly string[]): string[] | null {
  const [path] = paths;
  if (path === undefined || paths.length > 1 || basename(path) !== 'dev') return null;
  const train = join(dirname(path), 'train');
  return hasOutcomes(train) ? [train] : null;
}

function hasOutcomes(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.jsonl'));
}

function readPaths(paths: readonly string[]): Outcome[] {
  return paths.flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() !== true) return [...readOutcomes(path).rows];
    const { rows, mistakes } = parseOutcomes(readFileSync(path, 'utf8'), path);
    if (mistakes.length > 0) {
      const more =
        mistakes.length > maxReported ? [`and ${mistakes.length - maxReported} more`] : [];
      const listed = [...mistakes.slice(0, maxReported), ...more].join('\n');
      throw new ConfigError(`${mistakes.length} bad rows in ${path}:\n${listed}`);
    }
    return rows;
  });
}
