import { describe, expect, it } from 'vitest';
import {
  belowGuessing,
  heldByTopics,
  withoutBelowGuessing,
} from '../../../src/training/below-guessing.ts';
import type { Outcome } from '../../../src/training/outcomes.ts';

const options = (count: number): string =>
  Array.from({ length: count }, (_, i) => `\n${String.fromCharCode(65 + i)}. ${i}`).join('');

/** Questions with four options; of every `prompts` of them a model has `right` right. */
function questions(
  prompts: number,
  right: Readonly<Record<string, number>>,
  more: Partial<Outcome> & { readonly form?: string } = {},
): Outcome[] {
  const { form = options(4), ...fields } = more;
  return Array.from({ length: prompts }, (_, i) => ({
    ...{ id: `${i}`, source: 'exam', category: 'maths', metric: 'accuracy', key: `${i}` },
    prompt: `What is ${i} times 7?${form}`,
    scores: Object.fromEntries(
      Object.entries(right).map(([model, count]) => [model, i < count ? 1 : 0]),
    ),
    ...fields,
  }));
}

const found = (rows: readonly Outcome[]): [string, string[]][] =>
  [...belowGuessing(rows)].map(([topic, models]) => [topic, [...models]]);

describe('belowGuessing', () => {
  it('names a model that is right far less often than by guessing, and the topic', () => {
    const rows = [
      ...questions(40, { unread: 1, guessing: 10, weak: 5, good: 39 }),
      ...questions(40, { unread: 30, good: 38 }, { category: 'law' }),
    ];
    expect(found(rows)).toEqual([['exam/maths', ['unread']]]);
  });

  it('asks for twenty prompts, and for more than chance: of 32 three right is 2.0 standard errors, two 2.4, one 2.9', () => {
    expect(found(questions(19, { unlucky: 0 }, { form: options(2) }))).toEqual([]);
    expect(found(questions(20, { unread: 0 }))).toEqual([['exam/maths', ['unread']]]);
    expect(found(questions(32, { unlucky: 2, unread: 1 }))).toEqual([['exam/maths', ['unread']]]);
  });

  it('asks for less than half, however many the prompts', () => {
    expect(found(questions(1000, { tricked: 130, unread: 120 }))).toEqual([
      ['exam/maths', ['unread']],
    ]);
  });

  it('goes by the number of options: none right in 20 is no wonder with ten of them', () => {
    expect(found(questions(20, { any: 0 }, { form: options(10) }))).toEqual([]);
    expect(found(questions(20, { any: 0 }, { form: options(2) }))).toHaveLength(1);
  });

  it('looks neither at free questions nor at graded answers', () => {
    expect(found(questions(100, { poor: 0 }, { form: '' }))).toEqual([]);
    expect(found(questions(100, {}, { scores: { graded: 0.01 } }))).toEqual([]);
  });
});

describe('heldByTopics', () => {
  const rows = [
    ...questions(40, { unread: 1, alone: 1, good: 39 }),
    ...questions(50, { unread: 40, good: 45 }, { category: 'law' }),
    ...questions(49, { alone: 40 }, { category: 'law' }),
  ];
  const held = (topics: readonly string[]) =>
    heldByTopics(belowGuessing(rows), rows, new Set(topics));

  it('keeps models with fifty other outcomes or more, in topics that have offsets', () => {
    expect(found(rows)).toEqual([['exam/maths', ['unread', 'alone']]]);
    expect([...held(['exam/maths', 'exam/law'])]).toEqual([['exam/maths', new Set(['unread'])]]);
    expect([...held(['exam/law'])]).toEqual([]);
  });
});

describe('withoutBelowGuessing', () => {
  it('takes these outcomes out and leaves all others, the rows in their places', () => {
    const rows = [
      ...questions(40, { unread: 1, good: 39 }),
      ...questions(2, { unread: 0, good: 2 }, { form: '' }),
      ...questions(2, { unread: 0, good: 2 }, { category: 'law' }),
    ];
    const kept = withoutBelowGuessing(rows, belowGuessing(rows));
    expect(kept.map(({ scores }) => Object.keys(scores))).toEqual(
      rows.map((_, i) => (i < 40 ? ['good'] : ['unread', 'good'])),
    );
    expect(kept.map(({ prompt }) => prompt)).toEqual(rows.map(({ prompt }) => prompt));
    expect(rows[0]!.scores).toEqual({ unread: 1, good: 1 });
  });
});
