import { describe, expect, it } from 'vitest';
import { factorsOf } from '../../../src/routing/matrix-factorization.ts';
import { createMfRouter } from '../../../src/routing/mf-router.ts';
import { promptFactors, readPromptFor } from '../../../src/routing/prompt-factors.ts';
import { markCount } from '../../../src/routing/prompt-features-marks.ts';
import { parseRouterWeights, writeRouterWeights } from '../../../src/routing/router-weights.ts';
import { topicShares } from '../../../src/routing/topics.ts';
import {
  fakeEmbedder,
  tinyCatalog,
  tinyWeights,
  tinyWeightsWithTopics,
} from '../../support/tiny-router.ts';

const weights = tinyWeightsWithTopics();

describe('topicShares', () => {
  it('is the softmax of T x + d, row by row', () => {
    const layer = { weights: Float64Array.of(1, 0, 0, 2, -1, 1), bias: Float64Array.of(0, 1, 0) };
    const shares = topicShares(layer, Float64Array.of(1, 2, -3, 0.5), 2);
    for (const [row, odds] of [
      [1, 1 + 4, -1 + 2],
      [-3, 1 + 1, 3 + 0.5],
    ].entries()) {
      const sum = odds.reduce((total, z) => total + Math.exp(z), 0);
      for (const [t, z] of odds.entries()) {
        expect(shares[row * 3 + t]).toBeCloseTo(Math.exp(z) / sum, 12);
      }
    }
  });

  it('stays finite where the odds are huge', () => {
    const layer = { weights: Float64Array.of(1e6, -1e6), bias: new Float64Array(2) };
    expect([...topicShares(layer, Float64Array.of(1e3), 1)]).toEqual([1, 0]);
  });
});

describe('topics of a head', () => {
  const marks = { mean: new Float32Array(markCount), scale: new Float32Array(markCount).fill(1) };
  const caution = {
    ...{ ...marks, linear: new Float64Array(2 * markCount) },
    ...{ bias: Float64Array.of(1, -1), easy: Float64Array.of(3, 4) },
  };
  const embedding = (unknownShare: number) => ({
    ...{ vector: Float32Array.of(0.5, 0.5, -0.5, 0.5), tokens: 9, unknownShare },
  });
  const long = 'one two three four five six seven eight nine ten '.repeat(20);
  const sharesOf = (text: string, unknownShare: number): number[] => {
    const cautious = { ...weights, caution };
    const reading = readPromptFor(text, embedding(unknownShare), cautious);
    return [...promptFactors(reading, cautious).subarray(2)];
  };

  it('stand behind the factors, which are what they were without', () => {
    const { x } = readPromptFor(long, embedding(0), weights);
    const f = factorsOf(weights.head, x, 1);
    expect([...f.subarray(0, 2)]).toEqual([...factorsOf(tinyWeights().head, x, 1)]);
    expect([...f.subarray(2)]).toEqual([...topicShares(weights.head.topics!, x, 1)]);
  });

  it('count as far as a prompt can be judged', () => {
    const [law, maths] = sharesOf(long, 0);
    expect(law! + maths!).toBeCloseTo(1, 9);
    const half = sharesOf(long, 0.45);
    expect(half[0]! + half[1]!).toBeCloseTo(0.5, 6);
    expect(sharesOf(long, 0.7)).toEqual([0, 0]);
    expect(sharesOf('', 0)).toEqual([0, 0]);
    const unfamiliar = {
      ...weights,
      familiarity: {
        landmarks: new Float64Array(2),
        ...{ slope: 1, bias: -50, centre: Float64Array.of(7, 7) },
      },
    };
    const reading = readPromptFor(long, embedding(0), unfamiliar);
    const [, , first, second] = promptFactors(reading, unfamiliar);
    expect(first! + second!).toBeCloseTo(0.3, 9);
  });

  it('of multiple choice alone count only where options are given', () => {
    const { head } = weights;
    const bound = {
      ...weights,
      head: { ...head, topics: { ...head.topics!, ofForm: [true, false] } },
    };
    const sharesIn = (text: string, some: typeof weights): number[] => [
      ...promptFactors(readPromptFor(text, embedding(0), some), some).subarray(2),
    ];
    const asked = `${long}\nA. one\nB. two`;
    for (const text of [long, asked]) {
      const [law, maths] = sharesIn(text, weights);
      expect(law).toBeGreaterThan(0.05);
      expect(sharesIn(text, bound)).toEqual([text === asked ? law : 0, maths]);
    }
    const file = writeRouterWeights({
      ...{ ...bound, metadata: { ...weights.metadata, topicsOfForm: ['exam/law'] } },
    });
    expect(parseRouterWeights(file, 'file').head.topics!.ofForm).toEqual([true, false]);
  });

  it('are kept with the weights; a file from before there were any has none', () => {
    const familiarity = {
      ...{ landmarks: Float64Array.of(1, 0), slope: 2, bias: -1 },
      centre: Float64Array.of(7, 7),
    };
    const whole = { ...weights, caution, familiarity };
    const read = parseRouterWeights(writeRouterWeights(whole), 'file');
    expect(read.head).toEqual(weights.head);
    expect(read.caution).toEqual(caution);
    expect(read.familiarity).toEqual(familiarity);
    expect(read.metadata.topics).toEqual(['exam/law', 'exam/maths']);
    expect(read.trafficFactors).toEqual(weights.trafficFactors);
    const before = {
      ...{ ...tinyWeights().metadata, topics: undefined, topicsOfForm: undefined },
    } as never;
    const older = writeRouterWeights({ ...tinyWeights(), metadata: before });
    expect(parseRouterWeights(older, 'file').head).toEqual(tinyWeights().head);
  });

  it('are named among the reasons, with what they add to the score', async () => {
    const embedder = fakeEmbedder();
    const { router } = createMfRouter({
      weights: { ...weights, file: 'tiny', hash: 'h' },
      ...{ catalog: tinyCatalog, embedder, strongName: 'big', weakName: 'small' },
      ...{ strongProfile: null, weakProfile: null },
    });
    const { reasons, winRate } = await router.explain(long);
    expect(winRate).toBe((await router.score(long)).winRate);
    const [embedded] = await embedder.embed([long]);
    const [law, maths] = promptFactors(readPromptFor(long, embedded!, weights), weights).subarray(
      2,
    );
    const named = [
      ...(law! >= 0.2 ? ['reads like exam/law'] : []),
      ...(maths! >= 0.2 ? ['reads like exam/maths'] : []),
    ];
    const topics = reasons.filter(({ name }) => name.startsWith('reads like'));
    expect(topics.map(({ name }) => name)).toEqual(named);
    // The weak model is worse at maths and better at law, the strong one the same at both.
    for (const { name, contribution } of topics) {
      expect(Math.sign(contribution)).toBe(name.endsWith('maths') ? 1 : -1);
    }
    expect(topics.length).toBeGreaterThan(0);
  });
});
