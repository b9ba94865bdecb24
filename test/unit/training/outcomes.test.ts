import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { parseOutcomes, readOutcomes } from '../../../src/training/outcomes.ts';
import { modelCounts, modelIds, trainingRows } from '../../../src/training/training-rows.ts';

const row = {
  id: 'a/1',
  source: 'a',
  prompt: 'Why?',
  scores: { big: 1, small: 0 },
  metric: 'accuracy',
  key: 'k1',
};
const line = (changes: object = {}): string => JSON.stringify({ ...row, ...changes });

describe('parseOutcomes', () => {
  it('reads rows and skips blank lines', () => {
    expect(parseOutcomes(`${line()}\n\n${line({ category: 'x' })}\n`, 'a.jsonl')).toMatchObject({
      rows: [row, { ...row, category: 'x' }],
      mistakes: [],
    });
  });

  it('names every bad row by file and line', () => {
    const bad = [
      '{',
      line({ scores: { big: 2, small: 'x', '': 1 } }),
      line({ prompt: '' }),
      line({ extra: 1 }),
      line({ scores: {} }),
      line({ source: 'pooled' }),
    ];
    const { mistakes } = parseOutcomes([line(), ...bad].join('\n'), 'a.jsonl');
    expect(mistakes.map((text) => text.slice(0, 14))).toEqual(
      [2, 3, 4, 5, 6, 7].map((n) => `a.jsonl line ${n}`),
    );
    expect(mistakes.slice(1, 4).map((text) => text.slice(16))).toEqual([
      'scores.big is 2: it must be 1 at most; scores.small is "x": it must be a number; scores has an empty name',
      'prompt is "": it must not be empty',
      'extra is not a field that is known',
    ]);
    expect(mistakes[5]).toContain('name it otherwise');
  });
});

describe('own data', () => {
  it('needs only id, prompt and scores', () => {
    const own = (prompt: string): string =>
      JSON.stringify({ id: prompt, prompt, scores: { big: 1, small: 0.5 } });
    const { rows, mistakes } = parseOutcomes(
      `${own('Why  not?')}\n${own('why NOT')}`,
      'mine.jsonl',
    );
    expect(mistakes).toEqual([]);
    expect(rows[0]).toMatchObject({ source: 'mine', metric: 'score' });
    // The same words are the same question.
    expect(rows[0]!.key).toBe(rows[1]!.key);
  });

  it('tells prompts without words apart', () => {
    const { rows } = parseOutcomes(
      `${line({ prompt: '😀', key: undefined })}\n${line({ prompt: '{}', key: undefined })}`,
      'a.jsonl',
    );
    expect(rows[0]!.key).not.toBe(rows[1]!.key);
  });

  it('may begin with a byte order mark', () => {
    expect(parseOutcomes(`\uFEFF${line()}`, 'a.jsonl')).toMatchObject({
      rows: [row],
      mistakes: [],
    });
  });

  it('names an id that is there twice', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outcomes-'));
    writeFileSync(join(folder, 'a.jsonl'), line());
    writeFileSync(join(folder, 'b.jsonl'), line());
    expect(() => readOutcomes(folder)).toThrow(
      /b\.jsonl.*id a\/1 is also that of a\.jsonl line 1/s,
    );
    expect(readOutcomes(join(folder, 'a.jsonl')).rows).toHaveLength(1);
  });
});

describe('readOutcomes', () => {
  it('reads all files of a folder and hashes them', () => {
    const folder = mkdtempSync(join(tmpdir(), 'outcomes-'));
    writeFileSync(join(folder, 'b.jsonl'), line());
    writeFileSync(join(folder, 'a.jsonl'), line({ id: 'first' }));
    const set = readOutcomes(folder);
    expect(set.rows.map(({ id }) => id)).toEqual(['first', 'a/1']);
    expect(set.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says where data was looked for, and which rows are bad', () => {
    expect(() => readOutcomes('/no/data')).toThrow(/\/no\/data does not exist; .*outcomes\/train/);
    const folder = mkdtempSync(join(tmpdir(), 'outcomes-'));
    expect(() => readOutcomes(folder)).toThrow(ConfigError);
    writeFileSync(join(folder, 'a.jsonl'), '\n');
    expect(() => readOutcomes(folder)).toThrow(/is empty: it holds no row/);
    writeFileSync(join(folder, 'a.jsonl'), Array<string>(12).fill('{').join('\n'));
    expect(() => readOutcomes(folder)).toThrow(/12 bad rows.*a\.jsonl line 10.*and 2 more/s);
    writeFileSync(join(folder, 'a.jsonl'), '{}\n'.repeat(200_000));
    expect(() => readOutcomes(folder)).toThrow(/200000 bad rows.*and 199990 more/s);
  });
});

describe('trainingRows', () => {
  it('lays outcomes side by side and weighs prompts by their models and source', () => {
    const rows = [row, { ...row, source: 'b', scores: { big: 0.5 } }];
    expect(modelIds(rows)).toEqual(['big', 'small']);
    const twice = [...rows, row];
    expect(modelCounts(twice, ['big', 'small', 'none'])).toEqual({
      modelPrompts: [3, 2, 0],
      modelSources: [2, 1, 0],
    });
    const set = trainingRows(rows, new Float64Array(4), ['big', 'small'], {
      modelPower: 0.5,
      sourcePower: 1,
    });
    expect([...set.starts]).toEqual([0, 2, 3]);
    expect([...set.models]).toEqual([0, 1, 0]);
    expect([...set.qualities]).toEqual([1, 0, 0.5]);
    expect(set.weights[0]! / set.weights[1]!).toBeCloseTo(Math.SQRT1_2, 12);
    expect(set.weights[0]! + set.weights[1]!).toBeCloseTo(2, 12);
  });
});
