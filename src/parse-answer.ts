import { z } from 'zod';

/**
 * What the schema reads of another program's JSON answer.
 * @throws Error that repeats nothing of the answer: it may hold a key
 */
export function parseAnswer<Schema extends z.ZodType>(
  schema: Schema,
  body: string,
): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Error('the answer is not JSON');
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue === undefined ? '' : z.core.toDotPath(issue.path);
  throw new Error(`the answer is not as it should be at "${place}"`);
}
