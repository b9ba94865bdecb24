import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readEvaluationData } from '../../../src/evaluation/read-outcome-paths.ts';
import { tempFolder } from '../../support/temp-folder.ts';

let folder: string;
let one: string;
let other: string;

beforeEach(() => {
  folder = tempFolder();
  one = write('one', ['a', 'b']);
  other = write('other', ['c']);
});

function write(name: string, ids: readonly string[]): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  const lines = ids.map((id) => JSON.stringify({ id, prompt: `What is ${id}?`, scores: { m: 1 } }));
  writeFileSync(join(path, 'rows.jsonl'), lines.join('\n'));
  return path;
}

test('the outcomes of several paths are one set', () => {
  const { rows, name } = readEvaluationData([one, other], null);
  expect(rows.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(name).toBe(`${one} ${other}`);
});

test('an outcome that two paths hold is refused: it would count twice', () => {
  const copy = write('copy', ['b']);
  expect(() => readEvaluationData([one, copy], null)).toThrow(
    `the id b is in ${one} and in ${copy}`,
  );
  expect(() => readEvaluationData([one, one], null)).toThrow(`${one} is named twice`);
});

test('beside dev, train teaches the floors; no outcome of it is evaluated', () => {
  const dev = write('data/outcomes/dev', ['d']);
  const train = write('data/outcomes/train', ['t']);
  const data = readEvaluationData([join(folder, 'data')], null);
  expect(data.rows.map(({ id }) => id)).toEqual(['d']);
  expect(data.learn?.map(({ id }) => id)).toEqual(['t']);
  expect([data.name, data.topicsFrom]).toEqual([dev, train]);
});
