import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEncoderManifest } from '../../../src/embedding/encoder-manifest.ts';
import { openOnnxSession, type OnnxSession } from '../../../src/embedding/onnx-session.ts';
import {
  createUseLiteTokenizer,
  type Tokenize,
} from '../../../src/embedding/use-lite-tokenizer.ts';

/** Written by scripts/encoder/golden.ts from the original JavaScript implementation. */
interface GoldenEntry {
  text: string;
  ids: number[];
  meanOfFirst128: number[] | null;
}

const folder = fileURLToPath(new URL('../../../models/use-lite/', import.meta.url));
const fixture = new URL('../../fixtures/use-lite-golden.json', import.meta.url);
const golden = JSON.parse(readFileSync(fixture, 'utf8')) as GoldenEntry[];

function readJson(path: string): object {
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as object;
}

describe('the shipped encoder against the original', () => {
  let tokenize: Tokenize;
  let session: OnnxSession;

  beforeAll(async () => {
    const { files } = readEncoderManifest(folder);
    tokenize = createUseLiteTokenizer(
      readJson(files.tokenizer.path),
      readJson(files.tokenizerConfig.path),
    );
    session = await openOnnxSession(join(folder, files.model.path));
  });

  it.each(golden)('gives the same ids for $text', ({ text, ids }) => {
    expect(tokenize(text).ids).toEqual(ids);
  });

  const embedded = golden.filter((entry) => entry.meanOfFirst128 !== null);
  it.each(embedded)('gives nearly the same mean of the last layer for $text', async (entry) => {
    const mean = await session.run(entry.ids.slice(0, 128));
    const expected = entry.meanOfFirst128!;
    const off = Math.hypot(...mean.map((value, i) => value - expected[i]!));
    expect(off / Math.hypot(...expected)).toBeLessThan(0.06);
  });

  const manyCharacters = 1_000_000;
  it.each([
    ['prose', 'All work and no play makes Jack a dull boy. '],
    ['one letter', 'a'],
    ['spaces', ' '],
    ['line breaks', '\n'],
    ['NUL', '\0'],
    ['emoji', '😀'],
    ['lone surrogates', '\ud800'],
    ['right-to-left', 'مرحبا '],
    ['a ligature that NFKC makes 18 times longer', '\ufdfa'],
    ['combining marks', '\u0301\u0316'],
  ])('tokenizes a million characters of %s', (_, unit) => {
    const text = unit.repeat(Math.ceil(manyCharacters / unit.length));
    const { ids, tokens, unknownShare } = tokenize(text);
    expect(ids.length).toBeGreaterThan(0);
    expect(ids.length).toBeLessThanOrEqual(20_001);
    expect(tokens).toBeGreaterThanOrEqual(ids.length);
    expect(unknownShare).toBeGreaterThanOrEqual(0);
    expect(unknownShare).toBeLessThanOrEqual(1);
  });

  it('counts the tokens of a very long text by its head and tail', () => {
    const sentence = 'All work and no play makes Jack a dull boy. ';
    const perSentence = tokenize(sentence.repeat(100)).tokens / 100;
    const { tokens } = tokenize(sentence.repeat(2000));
    expect(tokens / 2000 / perSentence).toBeGreaterThan(0.98);
    expect(tokens / 2000 / perSentence).toBeLessThan(1.02);
  });

  it('says which share of the tokens it does not know', () => {
    expect(tokenize('plain words').unknownShare).toBe(0);
    expect(tokenize('什么是晶体').unknownShare).toBe(0.5);
  });
});
