import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const program = fileURLToPath(new URL('../../support/crashing-logger.ts', import.meta.url));

test('F34: after kill -9 the database opens, whole, with every confirmed row', async () => {
  const file = join(tempFolder(), 'log.db');
  const child = spawn(process.execPath, ['--import', 'tsx', program, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await new Promise((resolve) => setTimeout(resolve, 100)); // it goes on writing meanwhile
  child.kill('SIGKILL');
  await once(child, 'exit');

  const database = openDatabase(file);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  const ids = database.prepare('select decision_id from request order by rowid').pluck().all();
  expect(ids.length).toBeGreaterThanOrEqual(500);
  // Batches are whole and in order: only rows at the end can be missing.
  expect(ids).toEqual(ids.map((_, index) => `dec_${index}`));
  const vectors = database.prepare('select count(*) from request_embedding').pluck().get();
  expect(vectors).toBe(ids.length);
  database.close();
});
