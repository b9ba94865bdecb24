import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const docs = join(import.meta.dirname, '../../docs');
const page = readFileSync(join(docs, 'reliability.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| (AT-\d+|F\d+) +\|.*\|(.*)\|$/gm)].map(([, id = '', files = '']) => [
    id,
    [...files.matchAll(/\]\(([^)]+)\)/g)].map(([, path = '']) => join(docs, path)),
  ]),
);

const ids = [
  ...Array.from({ length: 29 }, (_, i) => `AT-${String(i + 1).padStart(2, '0')}`),
  ...Array.from({ length: 34 }, (_, i) => `F${i + 1}`),
];

test('the table names every fault once, and no other', () => {
  expect([...rows.keys()]).toEqual(ids);
});

test.each(ids)('%s: its files exist and hold a test of that name', (id) => {
  const files = rows.get(id) ?? [];
  expect(files.length).toBeGreaterThan(0);
  // At the start of a test's name, or in the table of a parametrised one.
  const named = new RegExp(`['"\`](?:AT-\\d+, )*${id}(?:, AT-\\d+)*['"\`:]`);
  for (const file of files) {
    expect(existsSync(file), file).toBe(true);
    expect(readFileSync(file, 'utf8'), file).toMatch(named);
  }
});
