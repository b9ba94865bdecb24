import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { createHubEncoder } from '../../../src/embedding/hub-encoder.ts';
import { isModelFolder } from '../../../src/embedding/model-folder.ts';
import { ConfigError } from '../../../src/errors.ts';
import { tinyDimensions, tinyRow, tinyVocabulary, writeTinyBert } from './tiny-bert.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tiny-bert-'));
  writeTinyBert(folder);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Mean of the rows of these tokens, at length 1. */
function expectedVector(tokens: string[]): number[] {
  const rows = tokens.map((token) => tinyRow(tinyVocabulary.indexOf(token)));
  const sum = Array.from({ length: tinyDimensions }, (_, i) =>
    rows.reduce((total, row) => total + row[i]!, 0),
  );
  const norm = Math.hypot(...sum);
  return sum.map((value) => value / norm);
}

describe('a transformers.js model in a local folder', () => {
  let embedder: Embedder;

  beforeAll(async () => {
    embedder = await createHubEncoder({ model: folder, processes: 1 });
  });

  afterAll(() => embedder.close());

  it('is named for its folder and knows its dimensions', () => {
    expect(embedder.id).toBe(`hub:${basename(folder)}`);
    expect(embedder.dimensions).toBe(tinyDimensions);
  });

  it('gives the mean of the hidden states, at length 1', async () => {
    const [embedding] = await embedder.embed(['Hello world ab']);
    const expected = expectedVector(['[CLS]', 'hello', 'world', 'a', '##b', '[SEP]']);
    expected.forEach((value, i) => expect(embedding!.vector[i]).toBeCloseTo(value, 5));
    expect(embedding).toMatchObject({ tokens: 4, unknownShare: 0 });
  });

  it('says which share of the tokens it does not know', async () => {
    const [embedding] = await embedder.embed(['hello xyz']);
    expect(embedding).toMatchObject({ tokens: 2, unknownShare: 0.5 });
  });

  it('embeds an empty and a very long text', async () => {
    const [empty, long] = await embedder.embed(['', 'hello world '.repeat(10_000)]);
    expect(Math.hypot(...empty!.vector)).toBeCloseTo(1, 5);
    expect(empty).toMatchObject({ tokens: 0, unknownShare: 0 });
    expect(Math.hypot(...long!.vector)).toBeCloseTo(1, 5);
    expect(long!.tokens).toBeGreaterThan(19_000);
  });
});

it('finds a downloaded model in the cache of the hub', async () => {
  const cacheFolder = mkdtempSync(join(tmpdir(), 'hub-cache-'));
  const model = 'someone/tiny-bert';
  writeTinyBert(join(cacheFolder, model));
  const embedder = await createHubEncoder({ model, cacheFolder, processes: 1 });
  expect(embedder.id).toBe('hub:someone/tiny-bert');
  expect(await embedder.embed(['hello'])).toHaveLength(1);
  await embedder.close();
  rmSync(cacheFolder, { recursive: true });
});

it('says what a folder without a model should hold', async () => {
  const failure = createHubEncoder({ model: join(folder, 'onnx'), processes: 1 });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/must hold config\.json, tokenizer\.json/);
});

it('says how to fetch a model when the hub cannot be reached', async () => {
  const failure = createHubEncoder({
    model: 'someone/not-here',
    cacheFolder: join(folder, 'empty-cache'),
    hubUrl: 'http://127.0.0.1:9/',
    processes: 1,
  });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(
    /[^.]\. Without a way to the hub.*huggingface-cli download someone\/not-here .*hub:\.\/not-here/,
  );
});

it('tells folders from names on the hub', () => {
  for (const model of ['./m', '../m', '/models/m', '.\\m', 'C:\\m']) {
    expect(isModelFolder(model), model).toBe(true);
  }
  for (const model of ['Xenova/all-MiniLM-L6-v2', 'gte-small', '.hidden/m']) {
    expect(isModelFolder(model), model).toBe(false);
  }
});
