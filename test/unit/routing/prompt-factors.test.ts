import { describe, expect, it } from 'vitest';
import { factorsOf } from '../../../src/routing/matrix-factorization.ts';
import { languageFreeMarks, markCount } from '../../../src/routing/prompt-features-marks.ts';
import { readPrompt } from '../../../src/routing/prompt-features-text.ts';
import {
  promptFactors,
  readPromptFor,
  type CautionSettings,
} from '../../../src/routing/prompt-factors.ts';
import { parseRouterWeights, writeRouterWeights } from '../../../src/routing/router-weights.ts';
import { tinyWeights } from '../../support/tiny-router.ts';

const caution: CautionSettings = {
  mean: new Float32Array(markCount).fill(0.5),
  scale: new Float32Array(markCount).fill(1),
  linear: Float64Array.from({ length: 2 * markCount }, (_, i) => (i % 5) / 4),
  bias: Float64Array.of(1, -1),
  easy: Float64Array.of(3, 4),
};
const weights = { ...tinyWeights(), caution };
const embedding = (unknownShare: number | null) => ({
  ...{ vector: Float32Array.of(0.5, 0.5, -0.5, 0.5), tokens: 9, unknownShare },
});
const long = 'one two three four five six seven eight nine ten '.repeat(20);
const served = (text: string, unknownShare: number | null): Float64Array =>
  promptFactors(readPromptFor(text, embedding(unknownShare), weights), weights);

describe('promptFactors', () => {
  it('is the head for a long prompt of known words', () => {
    const { x } = readPromptFor(long, embedding(0), weights);
    const [a, b] = factorsOf(weights.head, x, 1);
    const [fa, fb] = served(long, 0);
    expect(fa).toBeCloseTo(a!, 8);
    expect(fb).toBeCloseTo(b!, 8);
    expect(served(long, null)).toEqual(served(long, 0));
  });

  it('looks only at marks where the words are unknown', () => {
    const { marks, unknown } = readPromptFor(long, embedding(0.7), weights);
    expect(unknown).toBe(1);
    const guess = [0, 1].map((r) =>
      marks.reduce((sum, s, i) => sum + caution.linear[r * markCount + i]! * s, caution.bias[r]!),
    );
    const f = served(long, 0.7);
    expect(f[0]).toBeCloseTo(guess[0]!, 8);
    expect(f[1]).toBeCloseTo(guess[1]!, 8);
  });

  it('still tells prompts of an unknown script apart', () => {
    const texts = [
      '日本の首都はどこですか。',
      `${'数列の一般項を求めよ。'.repeat(9)} a = 3, b = 12`,
    ];
    const [short, maths] = texts.map((text) => served(text, 0.7));
    expect(Math.abs(short![0]! - maths![0]!)).toBeGreaterThan(0.1);
  });

  it('takes a prompt that says next to nothing for an easy one', () => {
    const { content } = readPromptFor('hi', embedding(0), weights);
    expect(content).toBeCloseTo(1 - Math.exp(-1 / 8), 12);
    expect(served('', 0)).toEqual(caution.easy);
    const far = (text: string): number => Math.abs(served(text, 0)[0]! - 3);
    expect(far('hi')).toBeLessThan(far('hi, what do you think of all this?'));
  });

  it('takes an open task for an easier one, as far as its words can be read', () => {
    const { x } = readPromptFor(long, embedding(0), weights);
    const openness = { weights: Float64Array.from(x, (value) => 100 * value), bias: 0 };
    const open = { ...weights, openness };
    const reading = readPromptFor(long, embedding(0), open);
    expect(reading.open).toBeGreaterThan(0.99);
    const [f] = promptFactors(reading, open);
    const [plain] = served(long, 0);
    // Three quarters of the way from the head's factors to those of an easy prompt, 3.
    expect(f).toBeCloseTo(plain! + 0.75 * (2 * reading.open - 1) * (3 - plain!), 6);
    // As likely closed as open: nothing changes.
    const even = { ...weights, openness: { weights: new Float64Array(x.length), bias: 0 } };
    expect(promptFactors(readPromptFor(long, embedding(0), even), even)[0]).toBeCloseTo(plain!, 12);
    expect(readPromptFor(long, embedding(0.7), open).open).toBe(0);
    const withOptions = `${long}\nA. one\nB. two`;
    expect(readPromptFor(withOptions, embedding(0), open).open).toBe(0);
  });

  it('reads the share of unknown words from the n-gram table without an encoder', () => {
    const fast = { ...weights, features: { ...weights.features, sentence: 0 } };
    expect(readPromptFor('kein Wort davon', embedding(null), fast).unknown).toBe(1);
    expect(readPromptFor('12 + 30', embedding(null), fast).unknown).toBeLessThanOrEqual(1);
  });

  it('is kept with the weights', () => {
    const read = parseRouterWeights(writeRouterWeights(weights), 'file');
    expect(read.caution).toEqual(caution);
    expect(read.openness).toBeNull();
    const { x } = readPromptFor(long, embedding(0), weights);
    const openness = { weights: x.map(Math.fround), bias: 0.5 };
    const file = writeRouterWeights({ ...weights, openness });
    expect(parseRouterWeights(file, 'file').openness).toEqual(openness);
  });
});

describe('languageFreeMarks', () => {
  const marksOf = (text: string) => languageFreeMarks(readPrompt(text));

  it('counts a character without spaces for more than a letter', () => {
    expect(marksOf('東京大学')[0]).toBeCloseTo(Math.log1p(4 + 6 * (4 / 5)), 12);
    expect(marksOf('word')[0]).toBeCloseTo(Math.log1p(4), 12);
    expect(marksOf('x')).toHaveLength(markCount);
  });
});
