import { BadRequestError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { parseJsonObject, withMembers, type JsonObjectText } from './json-text.ts';

/** Whether an upstream could not read thoughts that another one has sealed. */
export function isSealRefused(error: unknown): boolean {
  return (
    error instanceof BadRequestError &&
    (error.code === 'invalid_encrypted_content' || /encrypted[ _]content/i.test(error.message))
  );
}

/**
 * A request for a response without its sealed thoughts: a conversation that goes on with another
 * provider cannot keep them. Null when there are none.
 */
export function withoutSealedThoughts(body: JsonObjectText): JsonObjectText | null {
  const { input } = body.value;
  if (!Array.isArray(input)) return null;
  const left = (input as unknown[]).filter((item) => !isSealed(item));
  if (left.length === input.length) return null;
  const text = withMembers(body, { input: JSON.stringify(left) });
  return parseJsonObject(text, Infinity); // it was not too deep before
}

function isSealed(item: unknown): boolean {
  return (
    isObject(item) && item['type'] === 'reasoning' && typeof item['encrypted_content'] === 'string'
  );
}
