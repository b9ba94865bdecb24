import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import {
  baseVersionOf,
  baseWinRate,
  correctedWinRate,
  headVersionOf,
  parseLocalHead,
  withLocalHead,
  writeLocalHead,
  type LocalHead,
} from '../../../src/routing/local-head.ts';
import { scriptedRouter } from '../../support/start-gateway.ts';

const head: LocalHead = { slope: 0.5, bias: -0.25, weights: Float32Array.of(2, -1) };

describe('a local head', () => {
  it('corrects the logit by slope, bias and the vector', () => {
    // logit 0.8 = 1.3863; 0.5 * 1.3863 - 0.25 + 2 * 0.6 - 0.8 = 0.8431; its sigmoid is 0.6991.
    expect(correctedWinRate(head, 0.8, Float32Array.of(0.6, 0.8))).toBeCloseTo(0.6991, 4);
  });

  it('can be undone: the base win rate comes back from the corrected one', () => {
    const random = seededRandom(1);
    for (let i = 0; i < 200; i++) {
      const embedding = Float32Array.of(normal(random), normal(random));
      const slope = (random() < 0.5 ? -1 : 1) * (0.1 + 2 * random());
      const some = { ...head, slope };
      const p = 0.001 + 0.998 * random();
      const back = baseWinRate(some, correctedWinRate(some, p, embedding), embedding);
      expect(back).toBeCloseTo(p, 5);
    }
  });

  it('stays within 0 and 1 and finite at the ends', () => {
    for (const p of [0, 1]) {
      for (const size of [0, 1e6, -1e6]) {
        const score = correctedWinRate(head, p, Float32Array.of(size, 0));
        expect(score).toBeGreaterThan(0);
        expect(score).toBeLessThan(1);
      }
    }
  });

  it('is read back as it was written, and names what is wrong with a file', () => {
    const stored = { head, baseVersion: 'abc', embedderId: 'tiny' };
    const bytes = writeLocalHead(stored);
    expect(parseLocalHead(bytes, 'row 1')).toEqual(stored);
    expect(() => parseLocalHead(bytes.slice(0, -4), 'row 1')).toThrow(/row 1.*truncated/);
  });

  it('has a version that changes with its weights, and names its base', () => {
    const bytes = writeLocalHead({ head, baseVersion: 'abc', embedderId: 'tiny' });
    const version = headVersionOf('abc', bytes);
    expect(version).toMatch(/^abc\+h[0-9a-f]{8}$/);
    expect(baseVersionOf(version)).toBe('abc');
    expect(baseVersionOf('abc')).toBe('abc');
    const other = { ...head, bias: 0 };
    const others = writeLocalHead({ head: other, baseVersion: 'abc', embedderId: 'tiny' });
    expect(headVersionOf('abc', others)).not.toBe(version);
  });
});

describe('a router with a local head', () => {
  const base = scriptedRouter();
  const router = withLocalHead(base, head, 'scripted-1+h00000000');

  it('scores, peeks and explains by it', async () => {
    const expected = correctedWinRate(head, 0.8, Float32Array.of(0.6, 0.8));
    expect((await router.score('0.8 x')).winRate).toBeCloseTo(expected, 9);
    const { winRate, reasons } = await router.explain('0.8 x');
    expect(winRate).toBeCloseTo(expected, 9);
    expect(reasons).toMatchObject([{ name: 'outcomes of this pair' }]);
    expect(reasons[0]?.contribution).toBeCloseTo(0.8431 - 1.3863, 3);
    expect(router.peek?.('0.8 x')).toBeNull();
    const known = { winRate: 0.8, embedding: Float32Array.of(0.6, 0.8) };
    const peeking = withLocalHead({ ...base, peek: () => known }, head, 'v');
    expect(peeking.peek?.('x')?.winRate).toBeCloseTo(expected, 9);
  });

  it('fails like an embedder where there is no vector, so that the default tier answers', async () => {
    const blind = { ...base, score: () => Promise.resolve({ winRate: 0.5, embedding: null }) };
    await expect(withLocalHead(blind, head, 'v').score('x')).rejects.toThrow(/vectors of 2/);
  });
});
