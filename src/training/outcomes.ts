import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';

const rowSchema = z.strictObject({
  id: z.string().min(1),
  source: z.string().min(1),
  prompt: z.string(),
  scores: z.record(z.string().min(1), z.number().min(0).max(1)),
  metric: z.string(),
  /** The same question has the same key in every source. */
  key: z.string().min(1),
  category: z.string().optional(),
  routellm_contaminated: z.boolean().optional(),
});

/** How several models did on one prompt; scores 0..1 are comparable within a row only. */
export type Outcome = z.infer<typeof rowSchema>;

export interface OutcomeSet {
  readonly rows: readonly Outcome[];
  /** SHA-256 of the files' bytes, in order of name. */
  readonly sha256: string;
}

const maxReported = 10;

/** All *.jsonl of a folder. @throws ConfigError that names bad rows by file and line */
export function readOutcomes(folder: string): OutcomeSet {
  if (!existsSync(folder)) {
    throw new ConfigError(
      `no outcome data in ${folder}; give the folder that holds outcomes/train and outcomes/dev with --data`,
    );
  }
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  if (files.length === 0) throw new ConfigError(`${folder} holds no .jsonl file of outcomes`);
  const hash = createHash('sha256');
  const rows: Outcome[] = [];
  const mistakes: string[] = [];
  for (const name of files) {
    const bytes = readFileSync(join(folder, name));
    hash.update(bytes);
    const parsed = parseOutcomes(bytes.toString('utf8'), name);
    for (const row of parsed.rows) rows.push(row);
    mistakes.push(...parsed.mistakes);
  }
  if (mistakes.length > 0) {
    const more =
      mistakes.length > maxReported ? `\n... and ${mistakes.length - maxReported} more` : '';
    throw new ConfigError(
      `${mistakes.length} bad rows in ${folder}:\n${mistakes.slice(0, maxReported).join('\n')}${more}`,
    );
  }
  return { rows, sha256: hash.digest('hex') };
}

/** Rows of one JSONL text; blank lines are skipped. `mistakes` name `file`, line and what is wrong. */
export function parseOutcomes(text: string, file: string): { rows: Outcome[]; mistakes: string[] } {
  const rows: Outcome[] = [];
  const mistakes: string[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const row = parseRow(line);
    if (typeof row === 'string') mistakes.push(`${file} line ${i + 1}: ${row}`);
    else rows.push(row);
  }
  return { rows, mistakes };
}

function parseRow(line: string): Outcome | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  const result = rowSchema.safeParse(value);
  if (!result.success) {
    return result.error.issues
      .map(({ path, message }) => `${path.join('.')} ${message}`)
      .join('; ');
  }
  if (Object.keys(result.data.scores).length === 0) return 'scores is empty';
  return result.data;
}
