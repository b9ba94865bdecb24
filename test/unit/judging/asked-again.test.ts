import { expect, test } from 'vitest';
import { createAskedAgain, askedText, type Asking } from '../../../src/judging/asked-again.ts';

const first: Asking = {
  decisionId: 'dec_1',
  client: 'someone',
  sessionHash: null,
  text: 'Why is the sky blue?',
  startedAtMs: 10_000,
  endedAtMs: 12_000,
};
const later = (fields: Partial<Asking> = {}): Asking => ({
  ...first,
  ...{ decisionId: 'dec_2', startedAtMs: 20_000, endedAtMs: 21_000 },
  ...fields,
});

test('the same text of the same client within minutes repeats the earlier decision', () => {
  const repeatedDecision = createAskedAgain();
  expect(repeatedDecision(first)).toBeNull();
  expect(repeatedDecision(later())).toBe('dec_1');
  const third = later({ decisionId: 'dec_3', startedAtMs: 30_000, endedAtMs: 31_000 });
  expect(repeatedDecision(third)).toBe('dec_2');
});

test.each([
  ['another text', { text: 'Why is the grass green?' }],
  ['another client', { client: 'someone else' }],
  ['another session', { sessionHash: 'abc' }],
  ['a sample taken at the same time', { startedAtMs: 11_000 }],
  ['a sample taken at once after it', { startedAtMs: 12_500 }],
  ['an hour later', { startedAtMs: 3_612_000, endedAtMs: 3_613_000 }],
])('%s is not asking again', (_, fields) => {
  const repeatedDecision = createAskedAgain();
  repeatedDecision(first);
  expect(repeatedDecision(later(fields))).toBeNull();
});

test('short texts are said again for other reasons', () => {
  const repeatedDecision = createAskedAgain();
  repeatedDecision({ ...first, text: 'yes, continue' });
  expect(repeatedDecision(later({ text: 'yes, continue' }))).toBeNull();
});

test('texts that differ behind the hashed part by length only are told apart', () => {
  const repeatedDecision = createAskedAgain();
  const long = 'x'.repeat(100_000);
  repeatedDecision({ ...first, text: long });
  expect(repeatedDecision(later({ text: `${long}x` }))).toBeNull();
  expect(repeatedDecision(later({ text: long }))).toBe('dec_1');
});

test('only so many askings are remembered', () => {
  const repeatedDecision = createAskedAgain({ max: 2 });
  repeatedDecision(first);
  for (const text of ['another question, one', 'another question, two']) {
    repeatedDecision({ ...first, text });
  }
  expect(repeatedDecision(later())).toBeNull();
});

test('what is asked is what the user said last; a tool turn asks nothing', () => {
  const user = { role: 'user', content: [{ type: 'text', text: 'What is the weather?' }] };
  expect(askedText({ messages: [user], body: {} })).toBe('What is the weather?');
  expect(askedText({ messages: [user, { role: 'tool', content: 'rain' }], body: {} })).toBeNull();
  expect(askedText({ messages: null, body: { prompt: 'Once upon a time' } })).toBe(
    'Once upon a time',
  );
});
