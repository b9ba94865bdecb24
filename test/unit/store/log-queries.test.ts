import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ConfigError } from '../../../src/errors.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { openLogQueries } from '../../../src/store/log-queries.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** The queries on a log of these rows, one second apart. */
function queriesOn(rows: readonly Partial<RequestRecord>[]) {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const records = rows.map((fields, i) =>
    requestRecord({ decisionId: `dec_${i}`, startedAtMs: 1_700_000_000_000 + 1000 * i, ...fields }),
  );
  const writer = createLogWriter(database);
  writer.write(packRows(records));
  const queries = openLogQueries(file);
  onTestFinished(() => {
    queries.close();
    database.close();
  });
  return { queries, writer, database };
}

test('scores come newest first, of one version and of scored requests only', () => {
  const { queries } = queriesOn([
    { score: 0.1 },
    { score: 0.2 },
    { score: 0.9, routerVersion: 'mf-v2' },
    { score: 0.9, router: 'random' },
    { score: null, reason: 'bypass' },
    { score: null, reason: 'embedding_failed' },
    { score: 0.3 },
  ]);
  expect(queries.scoresOf('mf', 'mf-v1')).toEqual(Float64Array.of(0.3, 0.2, 0.1));
  expect(queries.scoresOf('mf', 'mf-v1', 2)).toEqual(Float64Array.of(0.3, 0.2));
  expect(queries.scoresOf('mf', 'mf-v3')).toEqual(new Float64Array());
});

test('the latest version is the one that answered last, with the models it chose between', () => {
  const { queries } = queriesOn([
    { routerVersion: 'mf-v2', tier: 'weak', upstreamModel: 'small-2' },
    { routerVersion: 'mf-v1', tier: 'strong', upstreamModel: 'big-1' },
    { routerVersion: 'mf-v2', tier: 'weak', upstreamModel: 'small-3' },
    { routerVersion: 'random-1', router: 'random' },
    { routerVersion: 'mf-v9', reason: 'no_text', score: null },
  ]);
  expect(queries.latestVersion('mf')).toEqual({
    routerVersion: 'mf-v2',
    strongModel: null,
    weakModel: 'small-3',
  });
  expect(queries.latestVersion('sw')).toBeNull();
});

test('requests, scored ones and feedback are counted, also those that come later', () => {
  const { queries, writer } = queriesOn([{}, { reason: 'bypass', score: null }]);
  writer.recordFeedback({ decisionId: 'dec_0', source: 'user', value: 1, comment: null });
  expect(queries.counts()).toEqual({ requests: 2, scored: 1, feedback: 1 });
});

test('scores are read from the index alone', () => {
  const { database } = queriesOn([]);
  const plan = database
    .prepare(
      `explain query plan select score from request where router = 'mf' and router_version = 'v'
       and score is not null order by started_at_utc desc limit 9`,
    )
    .all() as { detail: string }[];
  expect(plan.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/^SEARCH request USING COVERING INDEX request_scored/),
  ]);
});

test('a log that is not there is not created', () => {
  expect(() => openLogQueries(join(tempFolder(), 'log.db'))).toThrow(ConfigError);
});
