import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createReader } from '../../../src/dashboard/reader.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { tempFolder } from '../../support/temp-folder.ts';

test('a question that comes while the idle thread ends is answered by the next one', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const file = join(tempFolder(), 'log.db');
  openDatabase(file).close();
  const reader = createReader({ file, idleMs: 1000 });
  onTestFinished(() => reader.close());
  expect(await reader.ask('request', 'dec_none')).toBeNull();
  vi.advanceTimersByTime(1000);
  expect(await reader.ask('request', 'dec_none')).toBeNull();
});

test('closing rejects what is still asked', async () => {
  const reader = createReader({ file: join(tempFolder(), 'log.db') });
  const asked = reader.ask('request', 'dec_none');
  await Promise.all([expect(asked).rejects.toThrow(/it is closed/), reader.close()]);
});
