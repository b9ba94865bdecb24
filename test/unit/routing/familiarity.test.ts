import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../../src/math/random.ts';
import {
  familiarityOf,
  nearestCosine,
  type FamiliaritySettings,
} from '../../../src/routing/familiarity.ts';
import { factorsOf } from '../../../src/routing/matrix-factorization.ts';
import { promptFactors, readPromptFor } from '../../../src/routing/prompt-factors.ts';
import { parseRouterWeights, writeRouterWeights } from '../../../src/routing/router-weights.ts';
import { tinyWeights } from '../../support/tiny-router.ts';

const familiarity: FamiliaritySettings = {
  landmarks: Float64Array.of(1, 0, 0, -1),
  slope: 10,
  bias: -5,
  centre: Float64Array.of(3, 4),
};

describe('nearestCosine', () => {
  it('is the largest cosine, whatever the length of the vector', () => {
    const random = seededRandom(1);
    const landmarks = Float64Array.from({ length: 20 }, (_, i) => {
      const angle = Math.floor(i / 2) * 0.7;
      return i % 2 === 0 ? Math.cos(angle) : Math.sin(angle);
    });
    for (let trial = 0; trial < 20; trial++) {
      const vector = Float64Array.of(5 * normal(random), normal(random));
      const cosines = Array.from({ length: 10 }, (_, row) => {
        const [a, b] = [landmarks[2 * row]!, landmarks[2 * row + 1]!];
        return (a * vector[0]! + b * vector[1]!) / Math.hypot(...vector) / Math.hypot(a, b);
      });
      expect(nearestCosine(vector, landmarks)).toBeCloseTo(Math.max(...cosines), 6);
    }
  });

  it('is 0 for a prompt without a known word', () => {
    expect(nearestCosine(new Float64Array(2), familiarity.landmarks)).toBe(0);
  });
});

describe('familiarityOf', () => {
  it('is near 1 for what training has seen, and never below 0.3', () => {
    expect(familiarityOf(Float64Array.of(9, 0.1), familiarity)).toBeGreaterThan(0.99);
    expect(familiarityOf(Float64Array.of(1, 1), familiarity)).toBeCloseTo(
      0.3 + 0.7 / (1 + Math.exp(-(10 * Math.SQRT1_2 - 5))),
      12,
    );
    const opposite = familiarityOf(Float64Array.of(-1, 1), familiarity);
    expect(opposite).toBeGreaterThanOrEqual(0.3);
    expect(opposite).toBeLessThan(0.31);
  });
});

describe('a prompt unlike those of training', () => {
  const weights = tinyWeights();
  const embedding = { vector: Float32Array.of(0.5, 0.5, -0.5, 0.5), tokens: 9, unknownShare: 0 };
  const factors = (settings: FamiliaritySettings | null) => {
    const given = { ...weights, familiarity: settings };
    const reading = readPromptFor('nothing known here', embedding, given);
    return { reading, f: promptFactors(reading, given) };
  };

  it('is taken for an average one, as far as it is unlike them', () => {
    const { reading, f } = factors(familiarity);
    const head = factorsOf(weights.head, reading.x, 1);
    const k = reading.familiar;
    expect(k).toBeCloseTo(0.3 + 0.7 / (1 + Math.exp(5)), 12);
    for (const r of [0, 1]) {
      expect(f[r]).toBeCloseTo(k * head[r]! + (1 - k) * familiarity.centre[r]!, 12);
    }
  });

  it('is left to the head where training had too few tasks to tell', () => {
    const { reading, f } = factors(null);
    expect(reading.familiar).toBe(1);
    expect(f).toEqual(factorsOf(weights.head, reading.x, 1));
  });

  it('is known by the weights file', () => {
    const read = parseRouterWeights(writeRouterWeights({ ...weights, familiarity }), 'file');
    expect(read.familiarity).toEqual(familiarity);
  });
});
