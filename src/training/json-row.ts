import type { z } from 'zod';
import { fieldMistakes } from '../field-mistakes.ts';

/** A row of a JSONL file by its schema, which must be of objects; else what is wrong with it, as a text. */
export function parseJsonRow<Schema extends z.ZodType<object>>(
  schema: Schema,
  line: string,
): z.infer<Schema> | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'not JSON';
  }
  const result = schema.safeParse(value);
  return result.success ? result.data : fieldMistakes(result.error, value);
}
