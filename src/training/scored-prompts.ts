import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { filledLines } from './filled-lines.ts';
import { parseJsonRow } from './json-row.ts';

/** One prompt with the score, 0..1, of one model's answer. */
export interface ScoredPrompt {
  readonly prompt: string;
  readonly score: number;
  readonly source: string;
}

const score = z.number().min(0).max(1);
/** Loose: a line of an outcome file has more fields. */
const lineSchema = z.object({
  prompt: z.string(),
  score: score.optional(),
  scores: z.record(z.string(), score).optional(),
  source: z.string().optional(),
});

const maxReported = 10;

/**
 * JSON lines {"prompt", "score"}, or lines of an outcome file: {"prompt", "scores": {model: score}};
 * those without a score of `model` are left out.
 * @throws ConfigError that names bad lines
 */
export function parseScoredPrompts(text: string, file: string, model: string): ScoredPrompt[] {
  const mistakes: string[] = [];
  const rows: ScoredPrompt[] = [];
  for (const { text: line, number } of filledLines(text)) {
    const parsed = parseLine(line);
    if (typeof parsed === 'string') {
      mistakes.push(`${file} line ${number}: ${parsed}`);
      continue;
    }
    const value = parsed.score ?? scoreOf(parsed.scores ?? {}, model);
    if (value === undefined) continue;
    rows.push({ prompt: parsed.prompt, score: value, source: parsed.source ?? '' });
  }
  if (mistakes.length > 0) {
    const shown = mistakes.slice(0, maxReported).join('\n');
    throw new ConfigError(`${mistakes.length} bad lines in ${file}:\n${shown}`);
  }
  return rows;
}

function parseLine(line: string): z.infer<typeof lineSchema> | string {
  const row = parseJsonRow(lineSchema, line);
  if (typeof row === 'string') return row;
  const isScored = row.score !== undefined || row.scores !== undefined;
  return isScored ? row : 'neither score nor scores';
}

function scoreOf(scores: Readonly<Record<string, number>>, model: string): number | undefined {
  const name = Object.keys(scores).find((key) => key.toLowerCase() === model.toLowerCase());
  return name === undefined ? undefined : scores[name];
}
