import { isObject } from '../is-object.ts';

/** What a client asked of the answer's form: JSON, by a schema or by none. */
export interface JsonWish {
  /** A JSON schema as text; null: any JSON object. */
  readonly schema: string | null;
}

/** Larger schemas are not checked. */
const maxSchemaChars = 64 * 1024;

/** Whether there may be a wish; asked of every request, so it does not look at the schema. */
export function mayWishJson(body: Readonly<Record<string, unknown>>): boolean {
  const format = wishedFormat(body);
  return isObject(format) && format['type'] !== 'text';
}

/** OpenAI's `response_format`, and the same of a response in its `text`. */
export function wishedFormat({
  response_format: ofChat,
  text,
}: Readonly<Record<string, unknown>>): unknown {
  return ofChat ?? (isObject(text) ? text['format'] : null);
}

/** Null where none was asked for, or one that is not checked. */
export function jsonWish(body: Readonly<Record<string, unknown>>): JsonWish | null {
  const format = wishedFormat(body);
  if (!isObject(format)) return null;
  if (format['type'] === 'json_object') return { schema: null };
  const wrapped = format['json_schema'] ?? format; // a response's schema is not wrapped
  if (format['type'] !== 'json_schema' || !isObject(wrapped)) return null;
  if (!isObject(wrapped['schema'])) return null;
  const schema = JSON.stringify(wrapped['schema']);
  return schema.length > maxSchemaChars ? null : { schema };
}
