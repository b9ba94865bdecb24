import { isObject } from '../is-object.ts';

/** What a client asked of the answer's form: JSON, by a schema or by none. */
export interface JsonWish {
  /** A JSON schema as text; null: any JSON object. */
  readonly schema: string | null;
}

/** Larger schemas are not checked. */
const maxSchemaChars = 64 * 1024;

/** Whether there may be a wish; asked of every request, so it does not look at the schema. */
export function mayWishJson({ response_format: format }: Readonly<Record<string, unknown>>) {
  return isObject(format) && format['type'] !== 'text';
}

/** OpenAI's `response_format`. Null where none was asked for, or one that is not checked. */
export function jsonWish(body: Readonly<Record<string, unknown>>): JsonWish | null {
  const format = body['response_format'];
  if (!isObject(format)) return null;
  if (format['type'] === 'json_object') return { schema: null };
  const wrapped = format['json_schema'];
  if (format['type'] !== 'json_schema' || !isObject(wrapped)) return null;
  if (!isObject(wrapped['schema'])) return null;
  const schema = JSON.stringify(wrapped['schema']);
  return schema.length > maxSchemaChars ? null : { schema };
}
