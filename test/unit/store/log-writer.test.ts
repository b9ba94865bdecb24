import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { describeSqliteError } from '../../../src/store/sqlite-error.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function openLog() {
  const database = openDatabase(join(tempFolder(), 'log.db'));
  onTestFinished(() => void database.close());
  return { database, writer: createLogWriter(database) };
}

const count = (database: Database, table: string) =>
  database.prepare(`select count(*) from ${table}`).pluck().get();

/** What the operator would read when `work` fails. */
function failure(work: () => void): string {
  try {
    work();
  } catch (error) {
    return describeSqliteError(error);
  }
  return 'no failure';
}

test('a record is one row with units and zone in its columns', () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord({ stream: false, usageEstimated: true })]));
  expect(database.prepare('select * from request').get()).toEqual({
    decision_id: 'dec_1',
    request_id: 'req_1',
    started_at_utc: '2025-01-02T03:04:05.678Z',
    endpoint: '/v1/chat/completions',
    router: 'mf',
    router_version: 'mf-v1',
    score: 0.25,
    threshold: 0.116,
    tier: 'strong',
    reason: 'score',
    requested_model: 'auto',
    answered_model: 'llama3:70b-instruct',
    upstream_model: 'llama3:70b',
    upstream_url: 'http://127.0.0.1:11434/v1/chat/completions',
    status: 200,
    is_stream: 0,
    outcome: 'done',
    error_code: null,
    finish_reason: 'stop',
    prompt_tokens: 12,
    completion_tokens: 34,
    is_usage_estimated: 1,
    attempts: 1,
    fallbacks: 0,
    failed_calls: null,
    cached_tokens: null,
    deployment_id: 'strong',
    duration_ms: 1234.5,
    ttft_ms: 123.25,
    decision_ms: 2.5,
    cost_nano_usd: 56_789,
    prompt_text: null,
    prompt_sha256: null,
    client_retry_count: 0,
    reason_detail: null,
    propensity: 1,
    prompt_chars: 40,
    session_hash: null,
    is_private: 0,
    confidence: null,
    discarded_cost_nano_usd: null,
  });
});

test('vectors of one batch are told apart and kept bit for bit', () => {
  const { database, writer } = openLog();
  const shared = Float32Array.of(9, 9, 0.1, -0.2, 9);
  writer.write(
    packRows([
      requestRecord({ decisionId: 'a', embedding: Float32Array.of(1 / 3, Math.PI, 1e-30) }),
      requestRecord({ decisionId: 'b', embedding: null, embedderId: null }),
      requestRecord({ decisionId: 'c', embedding: shared.subarray(2, 4) }),
    ]),
  );
  const rows = database
    .prepare('select decision_id, embedder_id, dimensions, vector_f32le from request_embedding')
    .all() as { decision_id: string; dimensions: number; vector_f32le: Buffer }[];
  const vectors = rows.map(({ decision_id, dimensions, vector_f32le }) => [
    decision_id,
    Array.from({ length: dimensions }, (_, i) => vector_f32le.readFloatLE(4 * i)),
  ]);
  expect(vectors).toEqual([
    ['a', [...Float32Array.of(1 / 3, Math.PI, 1e-30)]],
    ['c', [...Float32Array.of(0.1, -0.2)]],
  ]);
});

test('a batch that is sent twice is stored once', () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord()]));
  expect(writer.write(packRows([requestRecord(), requestRecord({ decisionId: 'dec_2' })]))).toEqual(
    { refused: 0, refusal: null },
  );
  expect(count(database, 'request')).toBe(2);
  expect(count(database, 'request_embedding')).toBe(2);
});

test('a row that the database refuses costs only itself', () => {
  const { database, writer } = openLog();
  const result = writer.write(
    packRows([
      requestRecord({ decisionId: 'a' }),
      requestRecord({ decisionId: 'b', startedAtMs: NaN }),
      requestRecord({ decisionId: 'c', tier: 'middling' as 'weak' }),
      requestRecord({ decisionId: 'd' }),
    ]),
  );
  expect(result.refused).toBe(2);
  expect(result.refusal).toMatch(/CHECK constraint failed: tier/);
  expect(count(database, 'request')).toBe(2);
});

test('odd numbers of an upstream do not cost the row', () => {
  const { database, writer } = openLog();
  const odd = requestRecord({ promptTokens: 12.5, completionTokens: Infinity, costNanoUsd: 0.4 });
  expect(writer.write(packRows([odd])).refused).toBe(0);
  expect(
    database.prepare('select prompt_tokens, completion_tokens, cost_nano_usd from request').get(),
  ).toEqual({ prompt_tokens: 13, completion_tokens: null, cost_nano_usd: 0 });
});

test('F32: a full disk fails the batch as a whole, and the next one works when there is room', () => {
  const { database, writer } = openLog();
  const pages = database.pragma('page_count', { simple: true }) as number;
  const records = Array.from({ length: 200 }, (_, i) => requestRecord({ decisionId: `dec_${i}` }));
  database.pragma(`max_page_count = ${pages + 1}`);
  expect(failure(() => writer.write(packRows(records)))).toMatch(/^the disk is full.*SQLITE_FULL/);
  expect(count(database, 'request')).toBe(0);
  database.pragma('max_page_count = 100000');
  expect(writer.write(packRows(records)).refused).toBe(0);
  expect(count(database, 'request')).toBe(200);
});

test('F32: a read-only database fails each write, the empty one that only asks too', () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord()]));
  database.pragma('query_only = ON');
  const readOnly = /^the file or its folder is read-only.*SQLITE_READONLY/;
  expect(failure(() => writer.write(packRows([requestRecord()])))).toMatch(readOnly);
  expect(failure(() => writer.write(packRows([])))).toMatch(readOnly);
  database.pragma('query_only = OFF');
  expect(writer.write(packRows([])).refused).toBe(0);
});

test('the last feedback of a source stays, with the time of the first', async () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord()]));
  const feedback = { decisionId: 'dec_1', source: 'user', value: 0, comment: 'wrong' };
  expect(writer.recordFeedback(feedback)).toBe(true);
  await new Promise((resolve) => setTimeout(resolve, 3));
  expect(writer.recordFeedback({ ...feedback, value: 1, comment: null })).toBe(true);
  writer.recordFeedback({ ...feedback, source: 'judge', value: 0.5 });
  const [user, judge] = writer.evidenceOf('dec_1')?.feedback ?? [];
  expect(user).toMatchObject({ decisionId: 'dec_1', source: 'user', value: 1, comment: null });
  expect(user!.updatedAtUtc > user!.createdAtUtc).toBe(true);
  expect(judge).toMatchObject({ source: 'judge', value: 0.5 });
  expect(count(database, 'feedback')).toBe(2);
});

test('an unknown decision has no feedback and takes none', () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord()]));
  const feedback = { decisionId: 'dec_9', source: 'user', value: 1, comment: null };
  expect(writer.recordFeedback(feedback)).toBe(false);
  expect(writer.evidenceOf('dec_9')).toBeNull();
  expect(writer.evidenceOf('dec_1')).toEqual({ feedback: [], signals: [], comparisons: [] });
  expect(count(database, 'feedback')).toBe(0);
});

test('deleting a request deletes its vector and feedback', () => {
  const { database, writer } = openLog();
  writer.write(packRows([requestRecord()]));
  writer.recordFeedback({ decisionId: 'dec_1', source: 'user', value: 1, comment: null });
  database.exec('delete from request');
  expect(count(database, 'request_embedding')).toBe(0);
  expect(count(database, 'feedback')).toBe(0);
});

test('logged scores come with the tier that the score chose, whatever a cascade did then', () => {
  const { writer } = openLog();
  const tiers = [
    { tier: 'strong', reason: 'score' },
    { tier: 'strong', reason: 'cascade' },
    { tier: 'weak', reason: 'score' },
  ] as const;
  const records = tiers.map((fields, i) =>
    requestRecord({ decisionId: `dec_${i}`, startedAtMs: Date.UTC(2025, 0, 1) + i, ...fields }),
  );
  writer.write(packRows(records));
  const question = { router: 'mf', routerVersion: 'mf-v1', sinceUtc: null, newest: 10 };
  const { followed } = writer.loggedScores({ ...question, followedModels: ['auto'] });
  expect(followed.map(({ tier }) => tier)).toEqual(['strong', 'weak', 'weak']);
});
