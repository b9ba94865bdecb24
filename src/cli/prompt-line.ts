import { isObject } from '../is-object.ts';
import { contentText, promptText } from '../routing/prompt-text.ts';

/** A line of a prompts file that cannot be used; the message is a clause for after "line 7: ". */
export class BadLineError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadLineError';
  }
}

/** @throws BadLineError */
export function parseJsonLine(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BadLineError(`not valid JSON: ${(error as Error).message}`);
  }
  if (!isObject(value)) throw new BadLineError('not a JSON object');
  return value;
}

/**
 * What the server would score for this line's `prompt` or `messages`; null when there is no text.
 * @throws BadLineError
 */
export function lineText({ prompt, messages }: Record<string, unknown>): string | null {
  if ((prompt === undefined) === (messages === undefined)) {
    const found = prompt === undefined ? 'has neither' : 'has both';
    throw new BadLineError(`needs "prompt" or "messages", ${found}`);
  }
  if (prompt !== undefined) {
    if (typeof prompt !== 'string') throw new BadLineError('"prompt" must be a string');
    return contentText(prompt) || null;
  }
  if (!Array.isArray(messages)) throw new BadLineError('"messages" must be a list');
  return promptText(messages);
}
