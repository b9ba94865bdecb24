import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEncoderManifest } from '../../../src/embedding/encoder-manifest.ts';
import { windowOf } from '../../../src/embedding/minilm-encoder.ts';
import { openOnnxSession, type OnnxSession } from '../../../src/embedding/onnx-session.ts';
import { createMinilmTokenizer, type Tokenize } from '../../../src/embedding/minilm-tokenizer.ts';

/** Written by scripts/encoder/golden.ts from the exported original. */
interface GoldenEntry {
  text: string;
  ids: number[];
  meanOfFirstWindow: number[];
}

const folder = fileURLToPath(new URL('../../../models/minilm/', import.meta.url));
const fixture = new URL('../../fixtures/minilm-golden.json', import.meta.url);
const golden = JSON.parse(readFileSync(fixture, 'utf8')) as GoldenEntry[];

function readJson(path: string): object {
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as object;
}

describe('the shipped encoder against the original', () => {
  let tokenize: Tokenize;
  let session: OnnxSession;

  beforeAll(async () => {
    const { files } = readEncoderManifest(folder);
    tokenize = createMinilmTokenizer(
      readJson(files.tokenizer.path),
      readJson(files.tokenizerConfig.path),
    );
    session = await openOnnxSession(join(folder, files.model.path));
  });

  it.each(golden)('gives the same ids for $text', ({ text, ids }) => {
    expect(tokenize(text).ids).toEqual(ids);
  });

  it.each(golden)('gives nearly the same mean of the third layer for $text', async (entry) => {
    const mean = await session.run(windowOf(entry.ids.slice(0, 254)));
    const expected = entry.meanOfFirstWindow;
    const off = Math.hypot(...mean.map((value, i) => value - expected[i]!));
    expect(off / Math.hypot(...expected)).toBeLessThan(0.11);
  });

  const manyCharacters = 1_000_000;
  it.each([
    ['prose', 'All work and no play makes Jack a dull boy. ', 4000],
    ['one letter', 'a', 1],
    ['spaces', ' ', 0],
    ['line breaks', '\n', 0],
    ['NUL', '\0', 0],
    ['full stops', '.', 20_000],
    ['emoji', '😀', 1],
    ['lone surrogates', '\ud800', 0],
    ['right-to-left', 'مرحبا ', 3000],
    ['a ligature that other forms make 18 times longer', '\ufdfa', 1],
    ['combining marks', '\u0301\u0316', 0],
    ['syllables that fall into three letters', '각 ', 14_000],
  ])('tokenizes a million characters of %s', (_, unit, atLeast) => {
    const text = unit.repeat(Math.ceil(manyCharacters / unit.length));
    const { ids, tokens, unknownShare } = tokenize(text);
    expect(ids.length).toBeGreaterThanOrEqual(atLeast);
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

  it.each([
    ['plain words', 0],
    ['Über die Größe der Bäume, s’il vous plaît', 0],
    ['let α = 2π and ε → 0', 0],
    ['什么是晶体', 1],
    ['Что такое градиентный спуск?', 0.96],
    ['ما هي عاصمة فرنسا؟', 1],
    ['translate кот', 0.75],
  ])('says which share of the tokens of %s it cannot read', (text, share) => {
    expect(tokenize(text).unknownShare).toBe(share);
  });
});
