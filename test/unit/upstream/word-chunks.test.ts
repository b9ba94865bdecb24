import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyFacts, type AnswerFacts } from '../../../src/upstream/answer-facts.ts';
import { streamFormat, type StreamFormat } from '../../../src/upstream/stream-format.ts';
import { relayEvents } from '../../../src/upstream/stream-reader.ts';
import { createWordChunks } from '../../../src/upstream/word-chunks.ts';
import { recordedStreams } from '../../support/recorded-streams.ts';

const chunk = (content: unknown, rest = {}, choice = {}) => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', model: 'tiny' },
  choices: [{ index: 0, delta: { content }, finish_reason: null, ...choice }],
  ...rest,
});

/** What is known of a second chunk's word when the first one was noted. */
function wordAfter(first: unknown, second: unknown, print = JSON.stringify): string | null {
  const words = createWordChunks();
  words.note(print(first), JSON.parse(print(first)) as Record<string, unknown>);
  return words.wordOf(print(second));
}

describe('a chunk that differs in its word alone', () => {
  test.each([' world', '{}', "it's", '👋', 'Köln', '/'])('says its word: %j', (word) => {
    expect(wordAfter(chunk('Hello'), chunk(word))).toBe(word);
  });

  test('whatever the spaces after the key, and with a role in each', () => {
    const spaced = (value: unknown) => JSON.stringify(value).replaceAll('":', '": ');
    expect(wordAfter(chunk('Hello'), chunk(' world'), spaced)).toBe(' world');
    const withRole = (content: string) => chunk('', {}, { delta: { role: 'assistant', content } });
    expect(wordAfter(withRole('Hello'), withRole(' world'))).toBe(' world');
  });

  test.each(['', 'a "quote"', 'back\\slash', 'line\n', '\u0000'])(
    'is parsed when its word has to be read: %j',
    (word) => expect(wordAfter(chunk('Hello'), chunk(word))).toBeNull(),
  );

  test.each<[string, unknown, unknown]>([
    ['another model', chunk('Hello'), chunk(' world', { model: 'other' })],
    ['an end', chunk('Hello'), chunk(' world', {}, { finish_reason: 'stop' })],
    ['a second choice', chunk('Hello', {}, { index: 1 }), chunk(' world', {}, { index: 1 })],
    ['no index', chunk('a', {}, { index: undefined }), chunk('b', {}, { index: undefined })],
    ['two keys of that name', chunk('a', { x: { content: 'b' } }), chunk('c', { x: { content: 'b' } })], // prettier-ignore
    ['parts', chunk([{ type: 'text', text: 'a' }]), chunk([{ type: 'text', text: 'b' }])],
    ['reasoning', chunk('', {}, { delta: { content: 'a', reasoning: 'r' } }), chunk('', {}, { delta: { content: 'b', reasoning: 'r' } })], // prettier-ignore
    ['another chunk in the word', chunk('a'), `${JSON.stringify(chunk('b')).slice(0, -2)}","x":1}]}`], // prettier-ignore
  ])('is parsed with %s', (_, first, second) => {
    expect(wordAfter(first, second)).toBeNull();
  });
});

async function factsOf(bytes: Buffer, format: StreamFormat): Promise<AnswerFacts> {
  const facts = emptyFacts(true);
  const chunks = [bytes];
  const body = { read: () => Promise.resolve(chunks.shift() ?? null) };
  const options = { format, maxEventBytes: 64 * 1024, onChunk: () => {}, said: String };
  for await (const relayed of relayEvents(body, facts, options)) void relayed;
  return facts;
}

/** The facts are those of a reader that parses every chunk. */
async function expectSameFacts(bytes: Buffer): Promise<void> {
  const format = streamFormat('chat/completions', false);
  expect(await factsOf(bytes, format)).toEqual(await factsOf(bytes, { ...format, words: null }));
}

describe('the facts are the same as if every chunk were parsed', () => {
  test.each(recordedStreams)('of $name', ({ bytes }) => expectSameFacts(bytes));

  test('of any words', async () => {
    const word = fc.oneof(
      fc.constantFrom(' the', ' end', '"', '\\', '\n', '","finish_reason":"stop', ' ', '👋'),
      fc.string({ unit: 'binary', maxLength: 6 }),
    );
    const delta = fc.oneof(
      { weight: 6, arbitrary: word.map((content) => chunk(content)) },
      word.map((content) => chunk(content, {}, { index: 1 })),
      word.map((content) => chunk(content, {}, { finish_reason: 'length' })),
      word.map((reasoning) => chunk(null, {}, { delta: { reasoning } })),
      word.map((content) => chunk(content, { usage: { completion_tokens: 3 } })),
    );
    const stream = fc.array(delta, { maxLength: 12 }).map((chunks) => {
      const events = chunks.map((one) => `data: ${JSON.stringify(one)}\n\n`);
      return Buffer.from(`${events.join('')}data: {"choices":[{"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`); // prettier-ignore
    });
    await fc.assert(fc.asyncProperty(stream, expectSameFacts), { numRuns: 500 });
  });
});
