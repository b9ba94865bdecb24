import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readTrainingData } from '../../../src/training/training-data.ts';
import { tempFolder } from '../../support/temp-folder.ts';

type Row = Record<string, unknown>;

const rows = (count: number, fields: (i: number) => Row = () => ({})): Row[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ id: `q${i}`, prompt: `case ${i}`, scores: { big: 1, small: i % 2 } },
    ...fields(i),
  }));

/** @param files rows, or raw text, by path */
function dataOf(files: Record<string, readonly Row[] | string>): string {
  const folder = tempFolder();
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    mkdirSync(join(file, '..'), { recursive: true });
    const text =
      typeof content === 'string' ? content : content.map((row) => JSON.stringify(row)).join('\n');
    writeFileSync(file, text);
  }
  return folder;
}

describe('readTrainingData', () => {
  it('keeps an eighth of the questions to choose on', () => {
    const { train, dev, traffic } = readTrainingData(dataOf({ 'own.jsonl': rows(320) }));
    expect(train.rows.length + dev.rows.length).toBe(320);
    expect(dev.rows.length).toBeGreaterThan(25);
    expect(traffic).toHaveLength(train.rows.length);
  });

  it.each([['k'], ['k3']])('says how many questions there are where all have the key %s', (key) => {
    const folder = dataOf({ 'own.jsonl': rows(320, () => ({ key })) });
    expect(() => readTrainingData(folder)).toThrow(/different questions \(here: 320 prompts of 1 /);
  });

  it('needs prompts that two models have answered, both to train and to choose on', () => {
    const alone = rows(320, (i) => ({ scores: i % 2 === 0 ? { big: 1 } : { small: 0 } }));
    expect(() => readTrainingData(dataOf({ 'own.jsonl': alone }))).toThrow(
      /0 prompts to train on that two models .*2 models to train on: big, small/,
    );
    const others = rows(40, (i) => ({ id: `d${i}`, scores: { large: 1, tiny: 0, big: 1 } }));
    const split = dataOf({ 'train/a.jsonl': rows(200), 'dev/a.jsonl': others });
    expect(() => readTrainingData(split)).toThrow(/0 prompts to choose on that two models of the/);
  });

  it('refuses an id that is both in train and in dev', () => {
    const dev = rows(40, (i) => ({ id: `q${i + 198}` }));
    const split = dataOf({ 'outcomes/train/a.jsonl': rows(200), 'outcomes/dev/a.jsonl': dev });
    expect(() => readTrainingData(split)).toThrow(
      /2 ids are both in train and in dev of .*outcomes: q198, q199$/,
    );
  });

  it('needs a prompt that one model answers better than another', () => {
    const equal = rows(320, () => ({ scores: { big: 0.5, small: 0.5 } }));
    expect(() => readTrainingData(dataOf({ 'own.jsonl': equal }))).toThrow(/nothing to learn/);
  });

  it('names everyday prompts that cannot be read by file and line', () => {
    const everyday = { source: 'mine', language: 'en', category: 'writing' };
    const readWith = (second: string) =>
      readTrainingData(
        dataOf({
          ...{ 'train/a.jsonl': rows(200), 'dev/a.jsonl': rows(40, (i) => ({ id: `d${i}` })) },
          'prompts/p.jsonl': `${JSON.stringify({ ...everyday, prompt: 'a poem' })}\n\n${second}`,
        }),
      );
    expect(() => readWith('{')).toThrow(/p\.jsonl line 3: not JSON/);
    expect(() => readWith('{"prompt":"x"}')).toThrow(/p\.jsonl line 3: .*source/s);
    expect(() => readWith(JSON.stringify(everyday))).toThrow(/line 3: .*needs a prompt/s);
    expect(readWith('').kinds).toEqual([{ source: 'mine', text: 'a poem', isOpen: true }]);
  });
});
