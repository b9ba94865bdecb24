import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { openOutcomeQueries } from '../../../src/store/outcome-queries.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

function logged() {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const writer = createLogWriter(database);
  const record = (decisionId: string, fields = {}) =>
    requestRecord({ decisionId, upstreamModel: '', ...fields });
  writer.write(
    packRows([
      record('said', { score: 0.7, fallbacks: 1, propensity: 0.95 }),
      record('compared', { score: 0.2, tier: 'weak', embedderId: 'other' }),
      record('shown', { score: 0.4, embedding: null }),
      record('silent'),
      record('unscored', { score: null }),
      record('elsewhere', { routerVersion: 'mf-v2' }),
    ]),
  );
  const said = (decisionId: string, source: string, value: number) =>
    writer.recordFeedback({ decisionId, source, value, comment: null });
  said('said', 'user', 1);
  said('said', 'tests', 0.5);
  said('unscored', 'user', 1);
  said('elsewhere', 'user', 1);
  const compare = database.prepare(
    `insert into comparison (decision_id, origin, judge_model, strong_model, weak_model, strong_win,
       first_verdict, second_verdict, created_at_utc)
     values ('compared', 'label', ?, 'big', 'small', ?, 'strong', 'tie', '2025-01-01T00:00:00.000Z')`,
  );
  compare.run('judge-a', 0.75);
  compare.run('judge-b', 0.25);
  const signal = database.prepare(
    `insert into signal (decision_id, kind, value, created_at_utc)
     values (?, ?, ?, '2025-01-01T00:00:00.000Z')`,
  );
  signal.run('shown', 'truncated_by_length', 0.3);
  signal.run('shown', 'asked_again', 0.2);
  const queries = openOutcomeQueries(file);
  onTestFinished(() => {
    queries.close();
    database.close();
  });
  return queries;
}

test('outcomes keep what was said, compared and shown apart', () => {
  const outcomes = logged().outcomes('mf', 'mf-v1');
  const seen = outcomes.map((outcome) => {
    const { decisionId, explicit, strongWin, implicit } = outcome;
    return [decisionId, explicit, strongWin, implicit];
  });
  expect(seen).toEqual([
    ['compared', null, 0.5, null],
    ['said', 0.75, null, null],
    ['shown', null, null, 0.2],
  ]);
  expect(outcomes[1]).toMatchObject({ score: 0.7, fellBack: true, propensity: 0.95 });
});

test('vectors come from the asked embedder only, bit for bit', () => {
  const queries = logged();
  const embedded = queries.embeddedOutcomes('mf', 'mf-v1', 'tiny-1');
  expect(embedded.map(({ decisionId }) => decisionId)).toEqual(['said']);
  expect(embedded[0]?.embedding).toEqual(Float32Array.of(0.6, -0.8, 1 / 3));
});
