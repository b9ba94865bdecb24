import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRequest } from '../../../src/dashboard/request-detail.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { prepareRequestListQueries } from '../../../src/store/request-list-queries.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const own = 'v1+h0123abcd';

/** What is shown as near to a request of version `own`, of these others. */
function nearestTo(fields: Partial<RequestRecord>, others: readonly Partial<RequestRecord>[]) {
  const database = openDatabase(join(tempFolder(), 'log.db'));
  const vector = (i: number) => Float32Array.of(1, i / 100);
  const rows = [{ routerVersion: own, ...fields }, ...others].map((row, i) =>
    requestRecord({ decisionId: `dec_${i}`, embedding: vector(i), ...row }),
  );
  createLogWriter(database).write(packRows(rows));
  const found = readRequest(prepareRequestListQueries(database), 'dec_0');
  database.close();
  return found && { ids: found.nearest.map((one) => one.decision_id), searched: found.searched };
}

const versions = [{ routerVersion: own }, { routerVersion: 'v1' }, { routerVersion: 'v2' }];

test('sentence vectors of one encoder are compared, whatever router scored them', () => {
  expect(nearestTo({}, versions)).toEqual({ ids: ['dec_1', 'dec_2', 'dec_3'], searched: 3 });
  const other = versions.map((version) => ({ ...version, embedderId: 'tiny-2' }));
  expect(nearestTo({}, other)).toEqual({ ids: [], searched: 0 });
});

test('what the embedder fast logs is compared within one router version, with and without a head', () => {
  const fast = { embedderId: 'fast' };
  const others = versions.map((version) => ({ ...version, ...fast }));
  expect(nearestTo(fast, others)).toEqual({ ids: ['dec_1', 'dec_2'], searched: 2 });
});

test('a request without a vector has none near to it', () => {
  expect(nearestTo({ embedding: null, embedderId: null }, versions)).toEqual({
    ids: [],
    searched: 0,
  });
  const without = versions.map((version) => ({ ...version, embedding: null, embedderId: null }));
  expect(nearestTo({}, without)).toEqual({ ids: [], searched: 0 });
});
