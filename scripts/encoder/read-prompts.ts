import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface PromptLine {
  prompt?: string;
  messages?: { role: string; content: string }[];
}

/** The prompts in all *.jsonl of a folder, each text once: `prompt`, or the last one of the user. */
export function readPrompts(folder: string): string[] {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as PromptLine)
    .map(({ prompt, messages }) => prompt ?? messages?.findLast((m) => m.role === 'user')?.content)
    .filter((text) => text !== undefined && text !== '') as string[];
  return [...new Set(texts)];
}
