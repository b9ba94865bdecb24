import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJsonObject, withMembers } from '../../../src/http/json-text.ts';

const replaceModel = (text: string) => withMembers(parseJsonObject(text, 200), { model: '"new"' });

describe('replacing the model', () => {
  test('leaves every other byte as it was', () => {
    const text =
      '{ "id" : 12345678901234567890, "model" : "a\\"b" ,"big":1e400,"s":"\\ud800 {\\"model\\":1}" }';
    expect(replaceModel(text)).toBe(
      '{ "id" : 12345678901234567890, "model" :"new","big":1e400,"s":"\\ud800 {\\"model\\":1}" }',
    );
  });

  test('does not touch a nested model', () => {
    expect(replaceModel('{"a":{"model":"x"},"model":"y","b":[{"model":"z"}]}')).toBe(
      '{"a":{"model":"x"},"model":"new","b":[{"model":"z"}]}',
    );
  });

  test('replaces every copy of a repeated key, so no reader sees the old one', () => {
    expect(replaceModel('{"model":"x","model":"y"}')).toBe('{"model":"new","model":"new"}');
  });

  test('finds a key written with escapes', () => {
    expect(JSON.parse(replaceModel('{"\\u006dodel":"x"}'))).toEqual({ model: 'new' });
  });

  test('adds an absent key', () => {
    expect(replaceModel('{}')).toBe('{"model":"new"}');
    expect(replaceModel('{"a":1}')).toBe('{"a":1,"model":"new"}');
  });

  test('gives, for any object, what replacing the parsed value gives', () => {
    const property = fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
      const text = JSON.stringify(object, null, 1);
      const edited = JSON.parse(replaceModel(text)) as object;
      expect(edited).toEqual(JSON.parse(JSON.stringify({ ...object, model: 'new' })));
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('what is no request', () => {
  test.each(['', ' ', '{', 'null', '[]', '"text"', '3', '{"a":1}}'])('%j is refused', (text) => {
    expect(() => parseJsonObject(text, 200)).toThrow(/body/);
  });

  test('50,000 levels are refused, 200 are not', () => {
    const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(() => parseJsonObject(nested(50_000), 200)).toThrow(/deeper than 200/);
    expect(parseJsonObject(nested(200), 200).members).toHaveLength(1);
  });
});
