import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readCalibrationRows } from '../../../src/store/calibration-queries.ts';
import { readCascadeRecords } from '../../../src/store/cascade-queries.ts';
import { openDatabase } from '../../../src/store/database.ts';
import type { Comparison } from '../../../src/store/evidence.ts';
import {
  comparisonRow,
  prepareEvidenceStatements,
} from '../../../src/store/evidence-statements.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { openOutcomeQueries } from '../../../src/store/outcome-queries.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { prepareRequestListQueries } from '../../../src/store/request-list-queries.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { prepareTrafficQueries } from '../../../src/store/traffic-queries.ts';
import { comparison } from '../../support/comparison.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const always = { fromUtc: '2000', toUtc: '3000' };
const any = {
  ...{ fromUtc: null, tier: null, reason: null, result: null, minScore: null, maxScore: null },
  ...{ text: null, evidence: 'compared' as const },
};

/** What each reader of the log makes of the comparisons of request dec_1. */
function readings(
  records: readonly Partial<RequestRecord>[],
  comparisons: readonly Partial<Comparison>[],
) {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const rows = records.map((fields, i) =>
    requestRecord({ decisionId: `dec_${i + 1}`, confidence: -0.5, ...fields }),
  );
  createLogWriter(database).write(packRows(rows));
  const { insertComparison } = prepareEvidenceStatements(database);
  for (const fields of comparisons) insertComparison.run(comparisonRow(comparison(fields)));
  const outcomes = openOutcomeQueries(file);
  onTestFinished(() => {
    outcomes.close();
    database.close();
  });
  const key = { router: 'mf', routerVersion: 'mf-v1' };
  const ofFirst = <T extends { readonly decisionId: string }>(all: readonly T[]) =>
    all.find(({ decisionId }) => decisionId === 'dec_1');
  const traffic = prepareTrafficQueries(database);
  const lists = prepareRequestListQueries(database);
  return {
    calibrate: ofFirst(readCalibrationRows(file, 'mf', 'mf-v1'))?.strongWin,
    train: ofFirst(outcomes.outcomes('mf', 'mf-v1'))?.strongWin ?? null,
    cascade: ofFirst(readCascadeRecords(file, 'mf', 'mf-v1').cascaded)?.strongWin,
    dashboard:
      traffic.calibrationRows(key, 10).find(({ strongWin }) => strongWin !== null)?.strongWin ??
      null,
    counted: traffic.evidence(always).compared,
    request: lists.one('dec_1')?.strong_win,
    listed: lists.list(any, null, 10).length,
  };
}

const all = (strongWin: number | null) => ({
  ...{ calibrate: strongWin, train: strongWin, cascade: strongWin, dashboard: strongWin },
  ...{ counted: strongWin === null ? 0 : 1, request: strongWin },
  listed: strongWin === null ? 0 : 1,
});

const bySmall: Partial<RequestRecord> = { tier: 'weak', upstreamModel: 'small', score: 0.2 };
const byBig: Partial<RequestRecord> = { tier: 'strong', upstreamModel: 'big' };
const ofTiny: Partial<Comparison> = { weakModel: 'tiny', strongWin: 1 };

test('only comparisons of the models that a log was routed between are evidence', () => {
  expect(readings([bySmall, byBig], [ofTiny])).toEqual(all(null));
  expect(readings([bySmall, byBig], [ofTiny, { strongWin: 0.25 }])).toEqual(all(0.25));
  expect(readings([bySmall, byBig], [{ strongModel: 'huge' }])).toEqual(all(null));
});

test('every member of a tier names it; a fallback and another router version do not', () => {
  expect(readings([bySmall, byBig, { ...bySmall, upstreamModel: 'tiny' }], [ofTiny])).toEqual(
    all(1),
  );
  for (const other of [{ fallbacks: 1 }, { routerVersion: 'mf-v2' }]) {
    const records = [bySmall, byBig, { ...bySmall, upstreamModel: 'tiny', ...other }];
    expect(readings(records, [ofTiny])).toEqual(all(null));
  }
});

test('a tier that has not answered may be any model; beside live traffic it was the own pair', () => {
  expect(readings([bySmall], [{ strongModel: 'huge', strongWin: 0.5 }])).toEqual(all(0.5));
  expect(readings([bySmall, byBig], [{ ...ofTiny, origin: 'shadow' }])).toEqual(all(1));
});
