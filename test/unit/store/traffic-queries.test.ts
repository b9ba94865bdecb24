import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { prepareTrafficQueries } from '../../../src/store/traffic-queries.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const span = { fromUtc: '2025-01-02T00:00:00.000Z', toUtc: '2025-01-03T00:00:00.000Z' };

test('a series has one row for each bucket, however many seconds had a request', () => {
  const database = openDatabase(join(tempFolder(), 'log.db'));
  const records = Array.from({ length: 180 }, (_, second) =>
    requestRecord({
      decisionId: `dec_${second}`,
      startedAtMs: Date.UTC(2025, 0, 2, 3, 4, second),
      tier: second % 3 === 0 ? 'strong' : 'weak',
    }),
  );
  createLogWriter(database).write(packRows(records));
  const series = prepareTrafficQueries(database).series(span, 60);
  const t = Date.UTC(2025, 0, 2, 3, 4) / 1000;
  expect(series).toEqual(
    [0, 60, 120].map((later) => ({ t: t + later, strong: 20, weak: 40, other: 0, failed: 0 })),
  );
  database.close();
});
