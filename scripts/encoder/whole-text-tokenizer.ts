import { readFileSync } from 'node:fs';

/** A `tokenizer.json` that reads texts as they are: not cut at 128 tokens, nor filled up to as many. */
export function readWholeTextTokenizer(file: string): object {
  const tokenizer = JSON.parse(readFileSync(file, 'utf8')) as object;
  return { ...tokenizer, truncation: null, padding: null };
}
