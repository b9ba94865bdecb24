import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Embedding } from '../../../src/embedding/embedder.ts';
import { countNgrams, hashOf } from '../../../src/routing/prompt-features-lexical.ts';
import { surfaceMarks, surfaceNames } from '../../../src/routing/prompt-features-surface.ts';
import { readPrompt, tokensOf } from '../../../src/routing/prompt-features-text.ts';
import {
  featureCount,
  featureGroups,
  partsOf,
  promptFeatures,
  type FeatureSettings,
} from '../../../src/routing/prompt-features.ts';

const count = featureCount(featureGroups(2, 2, true));
const settings: FeatureSettings = {
  sentence: 2,
  surface: true,
  lexical: {
    dimensions: 2,
    rows: new Map([[hashOf('cat'), 0]]),
    idf: Float32Array.of(3),
    table: Float32Array.of(0.5, -0.25),
  },
  mean: new Float32Array(count),
  scale: new Float32Array(count).fill(1),
};
const embedding: Embedding = { vector: Float32Array.of(0.6, 0.8), tokens: 3, unknownShare: 0.5 };

describe('readPrompt', () => {
  const stem = 'Which of these is a cat?';
  it.each([
    ['A. lion\nB. dog', 'letters with a dot'],
    ['(A) lion\n(B) dog', 'letters in brackets'],
    ['- (A) lion\n- (B) dog', 'a list'],
    ['a) lion\nb) dog', 'small letters'],
    ['A. lion\nB. dog\nAnswer:', 'a closing "Answer:"'],
  ])('reads %j alike (%s)', (options) => {
    expect(readPrompt(`${stem}\n${options}`)).toMatchObject({ stem, options: ['lion', 'dog'] });
  });

  it('leaves other text as it is', () => {
    const text = 'A. Einstein was born in Ulm.\nWhen?';
    expect(readPrompt(text)).toEqual({ stem: text, options: [], length: text.length });
  });
});

describe('tokensOf', () => {
  it('gives words, numbers by length, maths marks and single East Asian characters', () => {
    expect(tokensOf(readPrompt('The cat’s x = 12,5 + 1234567! 東京'))).toEqual([
      'the',
      'cat',
      's',
      'x',
      '=',
      '#4',
      '+',
      '#4',
      '東',
      '京',
    ]);
  });

  it('counts words and pairs', () => {
    const counts = countNgrams(['a', 'b', 'a', 'b']);
    expect(counts.get(hashOf('a'))).toBe(2);
    expect(counts.get(hashOf('a b'))).toBe(2);
    expect(counts.get(hashOf('b a'))).toBe(1);
    expect(counts.size).toBe(4);
  });
});

describe('promptFeatures', () => {
  it('puts sentence, wording and marks side by side', () => {
    const x = promptFeatures(partsOf('cat'), embedding, settings);
    expect(x).toHaveLength(count);
    expect(x[0]).toBeCloseTo(0.6, 6);
    // One known n-gram: its row, whatever its weight, because the vector has length 1 before it.
    expect([...x.slice(2, 4)]).toEqual([0.5, -0.25]);
    expect(x.at(-1)).toBe(0.5);
  });

  it('has one name per surface mark', () => {
    expect(surfaceMarks(readPrompt('x'))).toHaveLength(surfaceNames.length);
  });

  it('is finite and pure for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const x = promptFeatures(partsOf(text), embedding, settings);
        expect(x.every(Number.isFinite)).toBe(true);
        expect(promptFeatures(partsOf(text), embedding, settings)).toEqual(x);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['', '\0', '\ud800', '\udc00x', '\n'.repeat(1000), '((((((((((', 'A. \nB. '])(
    'is finite for %j',
    (text) => {
      expect(promptFeatures(partsOf(text), embedding, settings).every(Number.isFinite)).toBe(true);
    },
  );

  it('takes a vector that is not finite for an average prompt', () => {
    const broken = { ...embedding, vector: Float32Array.of(NaN, Infinity) };
    const x = promptFeatures(partsOf('cat'), broken, settings);
    expect([...x.slice(0, 2)]).toEqual([0, 6]);
  });

  it('ends with a megabyte, whatever it is made of', () => {
    // What is quadratic in a text would take until the test is given up.
    for (const piece of ['word ', '(A) x\n', '9,', '_', ' ', '\n', 'A', '.']) {
      const text = piece.repeat(Math.ceil(1_000_000 / piece.length));
      expect(promptFeatures(partsOf(text), embedding, settings).every(Number.isFinite)).toBe(true);
    }
  });
});
