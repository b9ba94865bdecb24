import { expect, test } from 'vitest';
import { readCalibrationRows } from '../../../src/store/calibration-queries.ts';
import type { CalibrationRow } from '../../../src/calibration/calibration-row.ts';
import { writeOutcomes } from '../../support/write-outcomes.ts';

const row: CalibrationRow = {
  ...{ score: 0.5, tier: 'weak', fellBack: false, propensity: 0.95, promptChars: 40 },
  ...{ promptTokens: 12, costNanoUsd: 7, explicit: null, strongWin: null },
};

test('requests that a threshold decided come with their outcomes and costs, newest first', () => {
  const file = writeOutcomes(
    [
      row,
      { ...row, explicit: 0.75, fellBack: true },
      { ...row, strongWin: 1, comparedCostNanoUsd: { strong: 900, weak: 8 } },
      row,
      row,
      row,
      row,
      { ...row, tier: 'strong', propensity: null },
    ],
    (_, i) =>
      [
        { sessionHash: 'chat', promptHash: 'text' },
        { promptHash: 'text', reason: 'exploration' },
        {},
        { reason: 'session' },
        { reason: 'guard' },
        { routerVersion: 'mf-v2' },
        { score: null, reason: 'embedding_failed' },
        { reason: 'cascade' },
      ][i]!,
  );
  const found = readCalibrationRows(file, 'mf', 'mf-v1');
  expect(found.map(({ decisionId }) => decisionId)).toEqual(['dec_7', 'dec_2', 'dec_1', 'dec_0']);
  expect(found.map(({ cluster }) => cluster)).toEqual([null, null, 'text', 'chat']);
  expect(found[0]).toMatchObject({ tier: 'weak', fellBack: true, propensity: null });
  expect(found[1]).toMatchObject({
    strongWin: 1,
    explicit: null,
    comparedCostNanoUsd: { strong: 900, weak: 8 },
  });
  expect(found[2]).toMatchObject({ explicit: 0.75, fellBack: true, strongWin: null });
  expect(found[3]).toMatchObject({ propensity: 0.95, costNanoUsd: 7, comparedCostNanoUsd: null });
  expect(readCalibrationRows(file, 'mf', 'mf-v1', 1)).toHaveLength(1);
});
