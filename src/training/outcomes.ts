import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { filledLines } from './filled-lines.ts';
import { parseJsonRow } from './json-row.ts';

/** All sources as one, in reports. */
export const pooledSource = 'pooled';

/** Of own data only id, prompt and scores are needed (docs/training.md). */
const rowSchema = z.strictObject({
  id: z.string().min(1),
  source: z.string().min(1).optional(),
  prompt: z.string().min(1),
  scores: z.record(z.string().min(1), z.number().min(0).max(1)),
  metric: z.string().default('score'),
  /** The same question has the same key in every source. */
  key: z.string().min(1).optional(),
  category: z.string().optional(),
  routellm_contaminated: z.boolean().optional(),
});

/** How several models did on one prompt; scores 0..1 are comparable within a row only. */
export type Outcome = z.infer<typeof rowSchema> & { readonly source: string; readonly key: string };

/** The row's source and, where the data tells one, category. */
export function topicOf({ source, category }: Pick<Outcome, 'source' | 'category'>): string {
  return category === undefined ? source : `${source}/${category}`;
}

export interface OutcomeSet {
  readonly rows: readonly Outcome[];
  /** SHA-256 of the files' bytes, in order of name. */
  readonly sha256: string;
}

const maxReported = 10;

/** A .jsonl file, or all of a folder. @throws ConfigError that names bad rows by file and line */
export function readOutcomes(folder: string): OutcomeSet {
  if (!existsSync(folder)) {
    throw new ConfigError(
      `${folder} does not exist; outcomes are a .jsonl file, a folder of them, or a folder that holds ` +
        'outcomes/train and outcomes/dev',
    );
  }
  const files = jsonlFiles(folder);
  if (files.length === 0) throw new ConfigError(`${folder} holds no .jsonl file of outcomes`);
  const hash = createHash('sha256');
  const rows: Outcome[] = [];
  const mistakes: string[] = [];
  const seen = new Map<string, string>();
  for (const file of files) {
    const bytes = readFileSync(file);
    const name = basename(file);
    hash.update(bytes);
    const parsed = parseOutcomes(bytes.toString('utf8'), name);
    for (const [i, row] of parsed.rows.entries()) {
      const at = `${name} line ${parsed.lines[i]}`;
      const before = seen.get(row.id);
      if (before !== undefined) mistakes.push(`${at}: the id ${row.id} is also that of ${before}`);
      seen.set(row.id, at);
      rows.push(row);
    }
    for (const mistake of parsed.mistakes) mistakes.push(mistake);
  }
  if (mistakes.length > 0) {
    const more =
      mistakes.length > maxReported ? `\n... and ${mistakes.length - maxReported} more` : '';
    throw new ConfigError(
      `${mistakes.length} bad rows in ${folder}:\n${mistakes.slice(0, maxReported).join('\n')}${more}`,
    );
  }
  if (rows.length === 0) throw new ConfigError(`${folder} is empty: it holds no row of outcomes`);
  return { rows, sha256: hash.digest('hex') };
}

function jsonlFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.jsonl'));
  return names.sort().map((name) => join(path, name));
}

export interface ParsedOutcomes {
  readonly rows: Outcome[];
  /** Of each row, from 1 on. */
  readonly lines: number[];
  /** They name the file, the line and what is wrong. */
  readonly mistakes: string[];
}

/** Rows of one JSONL text; blank lines and a byte order mark are skipped. */
export function parseOutcomes(text: string, file: string): ParsedOutcomes {
  const rows: Outcome[] = [];
  const lines: number[] = [];
  const mistakes: string[] = [];
  const source = basename(file, '.jsonl');
  for (const { text: line, number } of filledLines(text)) {
    const row = parseRow(line, source);
    if (typeof row === 'string') mistakes.push(`${file} line ${number}: ${row}`);
    else {
      rows.push(row);
      lines.push(number);
    }
  }
  return { rows, lines, mistakes };
}

function parseRow(line: string, source: string): Outcome | string {
  const row = parseJsonRow(rowSchema, line);
  if (typeof row === 'string') return row;
  if (Object.keys(row.scores).length === 0) return 'scores is empty';
  const named = row.source ?? source;
  if (named === pooledSource) {
    return `source "${named}" is what reports call all sources together: name it otherwise`;
  }
  return { ...row, source: named, key: row.key ?? keyOf(row.prompt) };
}

/**
 * Of the wording alone: differences of case, spaces and punctuation do not make another question. Prompts of nothing
 * else, such as emoji, are told apart by them.
 */
function keyOf(prompt: string): string {
  const normal = prompt
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
  return createHash('sha256')
    .update(normal || prompt)
    .digest('hex')
    .slice(0, 16);
}
