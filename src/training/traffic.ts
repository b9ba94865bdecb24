import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../errors.ts';
import { filledLines } from './filled-lines.ts';
import type { KindOfPrompt } from './fit-openness.ts';
import { parseJsonRow } from './json-row.ts';
import { countBy } from './training-rows.ts';

/** A prompt without outcomes, for the default threshold. */
export interface TrafficPrompt {
  readonly text: string;
  readonly source: string;
  readonly language: string;
  readonly category: string;
}

const message = z.object({ role: z.string(), content: z.string() });
const rowSchema = z
  .object({
    source: z.string(),
    language: z.string(),
    category: z.string(),
    prompt: z.string().optional(),
    messages: z.array(message).optional(),
  })
  .transform(({ prompt, messages, ...row }) => ({
    ...row,
    // The router scores what the user asks last.
    text: prompt ?? messages?.findLast(({ role }) => role === 'user')?.content ?? '',
  }))
  .refine(({ text }) => text !== '', 'needs a prompt, or messages with one of the user');

/** All prompts of a folder's *.jsonl. @throws ConfigError that names a bad row by file and line */
export function readTraffic(folder: string): TrafficPrompt[] {
  if (!existsSync(folder)) throw new ConfigError(`no reference prompts in ${folder}`);
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return files
    .sort()
    .flatMap((name) =>
      filledLines(readFileSync(join(folder, name), 'utf8')).map(({ text, number }) =>
        parseRow(text, `${join(folder, name)} line ${number}`),
      ),
    );
}

function parseRow(line: string, where: string): TrafficPrompt {
  const row = parseJsonRow(rowSchema, line);
  if (typeof row === 'string') throw new ConfigError(`${where}: ${row}`);
  return row;
}

const openTasks = [
  ...['chitchat', 'writing', 'rewriting', 'summarizing'],
  ...['translation', 'roleplay', 'advice', 'planning'],
];
const closedTasks = ['coding', 'debugging', 'math', 'reasoning', 'extraction'];
/** Chosen to be hard, or asked with demands that can be checked. */
const demandingSources = ['arena_hard_v2', 'ifeval'];
/** Knowledge that is right or wrong, and short. */
const factualSources = ['webquestions'];

/**
 * The prompt with its kind of task, or nothing where its category does not tell (most knowledge: a date or an
 * essay) or where it is not English: the outcome tables, which show what is closed, are English.
 */
export function kindOf({
  text,
  source,
  language,
  category,
}: TrafficPrompt): (KindOfPrompt & { readonly text: string })[] {
  if (language !== 'en') return [];
  if (closedTasks.includes(category) || factualSources.includes(source))
    return [{ text, source, isOpen: false }];
  if (!openTasks.includes(category) || demandingSources.includes(source)) return [];
  return [{ text, source, isOpen: true }];
}

/**
 * Weight of each prompt in reference traffic. The mix of the collection is nobody's real traffic, so
 * categories count by the square root of their number, and within them sources likewise; languages
 * other than English are held to a third of all.
 */
export function trafficWeights(prompts: readonly TrafficPrompt[]): Float64Array {
  const otherLanguages = 1 / 3;
  const category = countBy(prompts.map((prompt) => prompt.category));
  const within = countBy(prompts.map((prompt) => `${prompt.category} ${prompt.source}`));
  const weights = Float64Array.from(prompts, (prompt) => {
    const inCategory = within.get(`${prompt.category} ${prompt.source}`)!;
    return 1 / Math.sqrt(category.get(prompt.category)! * inCategory);
  });
  const total = (english: boolean): number =>
    prompts.reduce((sum, p, i) => sum + ((p.language === 'en') === english ? weights[i]! : 0), 0);
  const shares = { english: total(true), other: total(false) };
  return weights.map((weight, i) =>
    prompts[i]!.language === 'en'
      ? (weight * (1 - otherLanguages)) / shares.english
      : (weight * otherLanguages) / shares.other,
  );
}

/**
 * `count` indices, each as often as its weight says (systematic resampling from half a step on):
 * afterwards every drawn prompt weighs the same.
 */
export function resample(weights: Float64Array, count: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const step = total / count;
  const picked: number[] = [];
  let reached = 0;
  for (const [i, weight] of weights.entries()) {
    reached += weight;
    while (picked.length < count && reached >= (picked.length + 0.5) * step) picked.push(i);
  }
  return picked;
}
