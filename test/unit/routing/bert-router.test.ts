import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { createHubClassifier } from '../../../src/embedding/hub-classifier.ts';
import { ConfigError, EmbeddingError } from '../../../src/errors.ts';
import { classifierScore, createBertRouter } from '../../../src/routing/bert-router.ts';
import { fakeEmbedder } from '../../support/tiny-router.ts';
import {
  tinyDimensions,
  tinyHead,
  tinyRow,
  tinyVocabulary,
  writeTinyClassifier,
} from '../embedding/tiny-bert.ts';

/** Logits of these tokens, as the tiny network computes them. */
function expectedLogits(tokens: string[], labels: number): number[] {
  return Array.from({ length: labels }, (_, j) => {
    let logit = 0;
    for (let i = 0; i < tinyDimensions; i++) {
      const sum = tokens.reduce((s, token) => s + tinyRow(tinyVocabulary.indexOf(token))[i]!, 0);
      logit += (sum / tokens.length) * tinyHead(i, j);
    }
    return logit;
  });
}

describe('a classifier of three labels in a folder', () => {
  let folder: string;
  let classifier: Embedder;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tiny-classifier-'));
    writeTinyClassifier(folder, 3);
    classifier = await createHubClassifier({ model: folder, processes: 1 });
  });

  afterAll(async () => {
    await classifier.close();
    rmSync(folder, { recursive: true });
  });

  it('scores by the first label after softmax: ties count for weak', async () => {
    const router = createBertRouter(classifier);
    const exps = expectedLogits(['[CLS]', 'hello', 'world', '[SEP]'], 3).map(Math.exp);
    const { winRate, embedding } = await router.score('Hello world');
    expect(winRate).toBeCloseTo(exps[0]! / (exps[0]! + exps[1]! + exps[2]!), 5);
    expect(embedding).toBeNull();
    const explained = await router.explain('Hello world');
    expect(explained.winRate).toBe(winRate);
    expect(explained.reasons).toHaveLength(3);
    expect(router).toMatchObject({ name: 'bert', defaultThreshold: 0.4066 });
  });

  it('reads the beginning of a text that is longer than the model', async () => {
    const router = createBertRouter(classifier);
    const [long] = await classifier.embed(['hello '.repeat(9000)]);
    // The tiny tokenizer says that its model reads 16.
    expect(long!.tokens).toBe(16);
    expect((await router.score('hello '.repeat(9000))).winRate).toBeGreaterThan(0);
    expect((await router.score('')).winRate).toBeGreaterThan(0);
  });

  it('fails as an embedder does when aborted', async () => {
    const signal = AbortSignal.abort();
    await expect(createBertRouter(classifier).score('x', signal)).rejects.toThrow(EmbeddingError);
  });
});

describe('classifierScore', () => {
  it('is the share of label 0 of three or two, the sigmoid of one', () => {
    const e = Math.exp;
    const three = classifierScore(Float32Array.of(1, 2, -1));
    expect(three).toBeCloseTo(e(1) / (e(1) + e(2) + e(-1)), 6);
    expect(classifierScore(Float32Array.of(1, 2))).toBeCloseTo(1 / (1 + e(1)), 6);
    expect(classifierScore(Float32Array.of(2))).toBeCloseTo(1 / (1 + e(-2)), 6);
  });

  it('stays in [0, 1] for numbers that are large or none', () => {
    expect(classifierScore(Float32Array.of(-1000, 1000, 0))).toBe(0);
    expect(classifierScore(Float32Array.of(1000, -1000, 0))).toBe(1);
    expect(classifierScore(Float32Array.of(NaN, 0, 0))).toBe(0.5);
  });
});

it('refuses a head of another size, and a folder without a classifier', async () => {
  expect(() => createBertRouter(fakeEmbedder(7))).toThrow(/has 7 labels; it must have 3/);
  const empty = mkdtempSync(join(tmpdir(), 'no-classifier-'));
  const failure = createHubClassifier({ model: empty, processes: 1 });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/bert\.model.*must hold config\.json/s);
  rmSync(empty, { recursive: true });
});
