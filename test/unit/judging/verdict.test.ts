import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseVerdict } from '../../../src/judging/verdict.ts';

test.each([
  ['as told', 'B forgets the base case.\n\n[[A]]', 'A'],
  ['as told, for the other', 'A is rude. [[B]]', 'B'],
  ['a tie', 'Both are right.\n[[C]]', 'tie'],
  ['a tie by name', '[[Tie]]', 'tie'],
  ['in bold', 'Reasons.\n\n**[[B]]**', 'B'],
  ['with blanks', '[[ A ]]', 'A'],
  ['a word inside', '[[Assistant B]]', 'B'],
  ["Arena-Hard's marks", 'My final verdict is: [[A>>B]]', 'A'],
  ["Arena-Hard's marks, turned", '[[A<B]]', 'B'],
  ["Arena-Hard's tie", '[[A=B]]', 'tie'],
  ['the last mark counts', 'At first [[A]] seems better. But no: [[B]]', 'B'],
  ['thoughts do not count', '<think>[[B]]? Hm, no.</think>\n[[A]]', 'A'],
  ['thoughts without a beginning', 'maybe [[B]]...\n</think>\n\n[[A]]', 'A'],
  ['JSON', '{"reason": "shorter", "verdict": "A"}', 'A'],
  ['JSON in a fence', 'Here:\n```json\n{"winner": "Answer B"}\n```', 'B'],
  ['JSON, a tie', '{"better":"tie"}', 'tie'],
  ['a box', 'So the result is \\boxed{B}', 'B'],
  ['bold words', 'Final verdict: **A**', 'A'],
  ['bold label', '**Verdict:** B', 'B'],
  ['a sentence', 'All in all, Answer B is clearly better.', 'B'],
  ['a sentence about the better one', 'The better answer is A, by far.', 'A'],
  ['a sentence for a tie', "They say the same, it's a tie.", 'tie'],
  ['the letter alone', 'A', 'A'],
  ['the letter in bold with a stop', '**B**.', 'B'],
  ['the letter in the last line', 'A is wrong about the year.\n\nB', 'B'],
])('%s', (_, answer, verdict) => {
  expect(parseVerdict(answer)).toBe(verdict);
});

test.each([
  ['nothing', ''],
  ['something else', 'As a language model I cannot compare these.'],
  ['thoughts that never end', '<think>A is good, [[A]] perhaps, but'],
  ['the instructions again', '[[A]] if A is better, [[B]] if B is better, [[C]] if equal'],
  ['JSON without a verdict', '{"A": 7, "B": 9}'],
  ['an article', 'A comparison is difficult here.'],
  ['another mark', '[[D]]'],
])('%s is no verdict', (_, answer) => {
  expect(parseVerdict(answer)).toBeNull();
});

test('whatever a judge says is read without failing, and quickly', () => {
  const words = fc.constantFrom(
    '[[',
    ']]',
    'A',
    '{',
    '}',
    '"',
    '**',
    '<think>',
    '</think>',
    ' is ',
  );
  const text = fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join(''));
  fc.assert(fc.property(text, (said) => ['A', 'B', 'tie', null].includes(parseVerdict(said))));
  for (const part of ['[[', '{', '**', 'verdict is ', 'answer a ', '(((']) {
    expect(parseVerdict(part.repeat(50_000))).toBeNull();
  }
  for (const start of ['verdict:', 'boxed{', 'answer A']) {
    expect(parseVerdict(`${start}${'\n'.repeat(800_000)}?`)).toBeNull();
  }
});
