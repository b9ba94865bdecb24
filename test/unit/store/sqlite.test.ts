import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';

// The wrong driver for this Node ends the process: by a segmentation fault, or when a statement is collected.
it('the driver outlives the collection of its statements and databases', async () => {
  let sum = 0;
  for (let opened = 0; opened < 20; opened++) {
    const database = new SqliteDatabase(':memory:');
    for (let i = 0; i < 2000; i++) sum += database.prepare(`SELECT ${i}`).pluck().get() as number;
    database.close();
    await setImmediate();
  }
  expect(sum).toBe(20 * ((2000 * 1999) / 2));
});
