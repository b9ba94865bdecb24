import { createReadStream } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { BadLineError, lineText, parseJsonLine } from './prompt-line.ts';
import { readLines, type Line } from './read-lines.ts';

/**
 * The prompts of a file, as the server would score them; null for one without text. JSON lines
 * with `prompt` or `messages` when the name or the first line says so, else one prompt a line. A file
 * whose lines of JSON would be taken for prompts is refused.
 *
 * @throws ConfigError for an unreadable file or a line that cannot be used
 */
export async function* readPromptFile(file: string): AsyncGenerator<string | null> {
  let isJson: boolean | null = null;
  try {
    for await (const line of readLines(createReadStream(file))) {
      if (line.text?.trim() === '') continue;
      isJson ??= isJsonLines(file, line.text?.trim() ?? '');
      yield promptOf(line, isJson);
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`--prompts ${file} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }

  function promptOf({ number, text, problem }: Line, isJson: boolean): string | null {
    try {
      if (text === null) throw new BadLineError(problem);
      return lineText(isJson ? parseJsonLine(text) : { prompt: text });
    } catch (error) {
      if (!(error instanceof BadLineError)) throw error;
      throw new ConfigError(`--prompts ${file}, line ${number}: ${error.message}.`);
    }
  }
}

/** @param first the first line that is not blank */
function isJsonLines(file: string, first: string): boolean {
  const value = parsed(first);
  if (Array.isArray(value) || /^\[\s*(\{|$)/.test(first)) {
    throw new ConfigError(
      `--prompts ${file} is a JSON array: write JSON lines, each an object with "prompt" or "messages".`,
    );
  }
  if (/\.txt$/i.test(file)) {
    if (!isObject(value)) return false;
    throw new ConfigError(
      `--prompts ${file} is named as text, one prompt a line, but holds JSON: name it .jsonl.`,
    );
  }
  return /\.(jsonl|ndjson)$/i.test(file) || first.startsWith('{');
}

/** Undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
