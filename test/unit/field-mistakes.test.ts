import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldMistakes } from '../../src/field-mistakes.ts';

const schema = z
  .strictObject({
    id: z.string().min(1),
    scores: z.record(z.string().min(1), z.number().min(0).max(1)).optional(),
    isOld: z.boolean().optional(),
  })
  .refine(({ scores }) => scores === undefined || Object.keys(scores).length > 0, 'needs a score');

test.each([
  [{}, 'id is missing: it must be a text'],
  [{ id: '' }, 'id is "": it must not be empty'],
  [{ id: 'a', scores: { big: 1.5 } }, 'scores.big is 1.5: it must be 1 at most'],
  [{ id: 'a', scores: { big: -1 } }, 'scores.big is -1: it must be 0 at least'],
  [{ id: 'a', scores: { big: Infinity } }, 'scores.big is not a finite number'],
  [{ id: Infinity }, 'id is null: it must be a text'],
  [{ id: 'a', scores: { '': 1 } }, 'scores has an empty name'],
  [{ id: 'a', scores: [1] }, 'scores is [1]: it must be an object'],
  [{ id: 'a', isOld: 'no' }, 'isOld is "no": it must be true or false'],
  [{ id: 'a', b: 1, c: 2 }, 'b is not a field that is known; c is not a field that is known'],
  [{ id: 'a', scores: {} }, 'the row needs a score'],
  [['a'], 'the row is ["a"]: it must be an object'],
  [{ id: ['x'.repeat(100)] }, `id is ["${'x'.repeat(38)}…: it must be a text`],
])('%j', (row, text) => {
  expect(fieldMistakes(schema.safeParse(row).error!, row)).toBe(text);
});
