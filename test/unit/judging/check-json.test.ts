import { expect, test } from 'vitest';
import { checkJson } from '../../../src/judging/check-json.ts';
import { jsonWish } from '../../../src/judging/json-wish.ts';

const person = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer', minimum: 0 } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const check = (answer: string, schema: unknown = person) =>
  checkJson({ answer, schema: JSON.stringify(schema) });

test.each([
  ['what fits', '{"name":"Ada","age":36}', true],
  ['a missing field', '{"name":"Ada"}', false],
  ['a field too many', '{"name":"Ada","age":36,"x":1}', false],
  ['a wrong type', '{"name":"Ada","age":"36"}', false],
  ['prose', 'Ada is 36.', false],
  ['a fenced block', '```json\n{"name":"Ada","age":36}\n```', false],
  ['nothing', '', false],
])('%s', (_, answer, isValid) => {
  expect(check(answer)).toBe(isValid);
  expect(check(answer)).toBe(isValid); // from the cache
});

test('without a schema any object will do, and nothing else', () => {
  const free = (answer: string) => checkJson({ answer, schema: null });
  expect(free('{"anything":[1]}')).toBe(true);
  expect(free('[1]')).toBe(false);
  expect(free('{"cut":')).toBe(false);
});

test.each([
  ['zod and pydantic', 'https://json-schema.org/draft/2020-12/schema', '$defs', 'prefixItems'],
  ['older libraries', 'http://json-schema.org/draft-07/schema#', 'definitions', 'items'],
])('schemas of %s are understood', (_, $schema, defs, tuple) => {
  const schema = {
    $schema,
    type: 'object',
    properties: { at: { $ref: `#/${defs}/point` } },
    [defs]: { point: { type: 'array', [tuple]: [{ type: 'number' }, { type: 'number' }] } },
  };
  expect(check('{"at":[1,2]}', schema)).toBe(true);
  expect(check('{"at":["1",2]}', schema)).toBe(false);
});

test.each([
  ['no schema', { type: 'nonsense' }],
  ['one that refers elsewhere', { $ref: 'https://example.com/schema.json' }],
  ['a schema with a broken pattern', { type: 'string', pattern: '(' }],
  ['one that wants to be awaited', { $async: true, type: 'object' }],
])('%s: nothing can be told', (_, schema) => {
  expect(check('{}', schema)).toBeNull();
});

test('words that are only notes do not fail an answer', () => {
  const schema = { type: 'string', format: 'date', 'x-note': 'mine', example: 'today' };
  expect(check('"yesterday"', schema)).toBe(true);
});

test('a wish is read from response_format, and only from what can be checked', () => {
  const of = (response_format: unknown) => jsonWish({ response_format });
  expect(of({ type: 'json_object' })).toEqual({ schema: null });
  expect(of({ type: 'json_schema', json_schema: { name: 'p', schema: person } })).toEqual({
    schema: JSON.stringify(person),
  });
  for (const other of [null, 'json', { type: 'text' }, { type: 'json_schema' }]) {
    expect(of(other)).toBeNull();
  }
  const huge = { enum: Array.from({ length: 20_000 }, (_, i) => `value ${i}`) };
  expect(of({ type: 'json_schema', json_schema: { schema: huge } })).toBeNull();
});
