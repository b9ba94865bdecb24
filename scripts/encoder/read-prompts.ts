import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filledLines } from '../../src/training/filled-lines.ts';

interface PromptLine {
  prompt?: string;
  messages?: { role: string; content: string }[];
}

/** The prompts in all *.jsonl of a folder, each text once: `prompt`, or the last one of the user. */
export function readPrompts(folder: string): string[] {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => filledLines(readFileSync(join(folder, name), 'utf8')))
    .map((line) => JSON.parse(line.text) as PromptLine)
    .map(({ prompt, messages }) => prompt ?? messages?.findLast((m) => m.role === 'user')?.content)
    .filter((text) => text !== undefined && text !== '') as string[];
  return [...new Set(texts)];
}
