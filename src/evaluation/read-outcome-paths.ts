import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { readOutcomes, type Outcome } from '../training/outcomes.ts';

/** Outcomes to evaluate on, and where the floors by source and topic learn. */
export interface EvaluationData {
  readonly name: string;
  readonly rows: readonly Outcome[];
  /** Outcomes of other questions; null: there are none. */
  readonly learn: readonly Outcome[] | null;
  readonly topicsFrom: string;
}

/**
 * Files, folders of *.jsonl, or a folder that holds outcomes/dev or dev. Beside a folder `dev`, the folder
 * `train` teaches the floors by source and topic, unless `topicPaths` are given.
 * @throws ConfigError that names bad rows by file and line, and an id that two paths hold
 */
export function readEvaluationData(
  paths: readonly string[],
  topicPaths: readonly string[] | null,
): EvaluationData {
  const found = paths.map(devFolderOf);
  const rows = rowsOf(found);
  const train = topicPaths ?? trainFolderOf(found);
  return {
    name: found.join(' '),
    rows,
    learn: train && rowsOf(train),
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

/** An outcome that is given twice would count twice, and make the intervals too narrow. */
function rowsOf(paths: readonly string[]): Outcome[] {
  const pathOf = new Map<string, string>();
  const rows: Outcome[] = [];
  for (const path of paths) {
    for (const row of readOutcomes(path).rows) {
      const before = pathOf.get(row.id);
      if (before !== undefined) {
        throw new ConfigError(
          before === path
            ? `${path} is named twice`
            : `the id ${row.id} is in ${before} and in ${path}: name the same outcomes only once`,
        );
      }
      pathOf.set(row.id, path);
      rows.push(row);
    }
  }
  return rows;
}
