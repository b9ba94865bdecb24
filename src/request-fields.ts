import type { z } from 'zod';
import { BadRequestError } from './errors.ts';
import { fieldMistake } from './field-mistakes.ts';

/**
 * The fields of a body or of a query, by their schema.
 * @param what they are of, for messages: "feedback"
 * @throws BadRequestError naming the first field that is wrong, what was found and what is allowed
 */
export function parseFields<Schema extends z.ZodObject>(
  schema: Schema,
  value: unknown,
  what: string,
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const known = Object.keys(schema.shape).join(', ');
    throw new BadRequestError(`"${key}" is not a field of the ${what}; known: ${known}.`, {
      param: key,
    });
  }
  throw new BadRequestError(`${fieldMistake(issue, value, `the ${what}`)}.`, {
    param: issue.path.join('.'),
  });
}
