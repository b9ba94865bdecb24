import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsWithoutLogprobs, withoutLogprobs } from '../../../src/http/strip-logprobs.ts';

const anything = fc.jsonValue({ maxDepth: 3 });
const name = fc.constantFrom('logprobs', 'choices', 'content', 'a"b\\', 'x');
const members = fc.dictionary(name, fc.oneof(anything, fc.dictionary(name, anything)));

/** Choices with and without log-probabilities, among members of any kind. */
const answer = fc
  .tuple(members, fc.array(members, { maxLength: 4 }), fc.boolean())
  .map(([rest, choices, isFirst]) =>
    isFirst ? { choices, ...without(rest, 'choices') } : { ...without(rest, 'choices'), choices },
  );

function without(value: Record<string, unknown>, key: string) {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}

function nulled(value: { choices: Record<string, unknown>[] }) {
  const choices = value.choices.map((choice) =>
    Object.hasOwn(choice, 'logprobs') ? { ...choice, logprobs: null } : choice,
  );
  return { ...value, choices };
}

describe('taking out log-probabilities', () => {
  it('nulls those of the choices and leaves the rest of the text', () => {
    fc.assert(
      fc.property(answer, fc.constantFrom(0, 1, '\t'), (value, space) => {
        const json = JSON.stringify(value, null, space);
        const stripped = withoutLogprobs(json);
        expect(JSON.parse(stripped)).toEqual(JSON.parse(JSON.stringify(nulled(value))));
        // An answer that had none to begin with is not touched.
        expect(withoutLogprobs(stripped)).toBe(stripped);
      }),
      { numRuns: 500 },
    );
  });

  it('changes no other byte', () => {
    const json =
      '{ "n":1e400, "choices" : [ {"logprobs" : {"content":[{"a":"]}"}]} , "x":[1]} ]\n}';
    expect(withoutLogprobs(json)).toBe(
      '{ "n":1e400, "choices" : [ {"logprobs" : null , "x":[1]} ]\n}',
    );
  });

  it('works on whole events, whatever their lines are', () => {
    const one = '{"choices":[{"delta":{"content":"é"},"logprobs":{"content":[1]}}]}';
    const events =
      `: keep-alive\n\nevent: x\r\ndata: ${one}\r\nid: 1\r\n\r\ndata:${one}\n\n` +
      `data: {"choices":[{"logprobs":\ndata: {"content":[1]}}]}\n\ndata: [DONE]\n\n`;
    const nulled = one.replace('{"content":[1]}', 'null');
    expect(eventsWithoutLogprobs(Buffer.from(events)).toString()).toBe(
      `: keep-alive\n\nevent: x\r\ndata: ${nulled}\r\nid: 1\r\n\r\ndata:${nulled}\n\n` +
        `data: {"choices":[{"logprobs": null}]}\n\ndata: [DONE]\n\n`,
    );
  });
});
