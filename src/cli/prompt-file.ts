import { createReadStream } from 'node:fs';
import { ConfigError } from '../errors.ts';
import { BadLineError, lineText, parseJsonLine } from './prompt-line.ts';
import { readLines, type Line } from './read-lines.ts';

/**
 * The prompts of a file, as the server would score them; null for one without text. JSON lines
 * with `prompt` or `messages` when the name or the first line says so, else one prompt a line.
 *
 * @throws ConfigError for an unreadable file or a line that cannot be used
 */
export async function* readPromptFile(file: string): AsyncGenerator<string | null> {
  let isJson = /\.(jsonl|ndjson)$/i.test(file) ? true : null;
  if (/\.txt$/i.test(file)) isJson = false;
  try {
    for await (const line of readLines(createReadStream(file))) {
      if (line.text?.trim() === '') continue;
      isJson ??= line.text?.startsWith('{') ?? false;
      yield promptOf(line, isJson);
    }
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`--prompts ${file} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  }

  function promptOf({ number, text }: Line, isJson: boolean): string | null {
    try {
      if (text === null) throw new BadLineError('is too long');
      return lineText(isJson ? parseJsonLine(text) : { prompt: text });
    } catch (error) {
      if (!(error instanceof BadLineError)) throw error;
      throw new ConfigError(`--prompts ${file}, line ${number}: ${error.message}.`);
    }
  }
}
