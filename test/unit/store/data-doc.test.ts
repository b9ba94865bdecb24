import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const doc = readFileSync(new URL('../../../docs/data.md', import.meta.url), 'utf8');

/** Column names by table, from the tables below each heading "### `table`: ...". */
function documented(): Record<string, string[]> {
  const [, tables = ''] = doc.split(/^## /m).filter((part) => /^(How|Tables)/.test(part));
  const sections = tables.split(/^### `/m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const rows = section.matchAll(/^\| `(\w+)`/gm);
      return [section.slice(0, section.indexOf('`')), Array.from(rows, ([, name]) => name ?? '')];
    }),
  );
}

test('docs/data.md names every table and column, and no other', () => {
  const database = openDatabase(join(tempFolder(), 'log.db'));
  const tables = database
    .prepare<[], string>(
      `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`,
    )
    .pluck()
    .all();
  const columnsOf = database
    .prepare<[string], string>('select name from pragma_table_info(?)')
    .pluck();
  const schema = Object.fromEntries(tables.map((table) => [table, columnsOf.all(table)]));
  database.close();
  expect(documented()).toEqual(schema);
});
