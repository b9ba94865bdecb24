import { join } from 'node:path';
import type { CalibrationRow } from '../../src/calibration/calibration-row.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createLogWriter } from '../../src/store/log-writer.ts';
import { packRows } from '../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../src/store/request-record.ts';
import { requestRecord } from './request-record.ts';
import { tempFolder } from './temp-folder.ts';

/** A log file with these requests and what was said of them. @returns its path */
export function writeOutcomes(
  rows: readonly CalibrationRow[],
  fieldsOf: (row: CalibrationRow, i: number) => Partial<RequestRecord> = () => ({}),
): string {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const writer = createLogWriter(database);
  const records = rows.map((row, i) => {
    const { score, tier, propensity, promptChars, promptTokens, costNanoUsd } = row;
    return requestRecord({
      decisionId: `dec_${i}`,
      startedAtMs: Date.UTC(2025, 0, 1) + i,
      ...{ score, tier, propensity, promptChars, promptTokens, costNanoUsd },
      fallbacks: row.fellBack ? 1 : 0,
      upstreamModel: tier === 'strong' ? 'big' : 'small',
      embedding: null,
      ...fieldsOf(row, i),
    });
  });
  writer.write(packRows(records));
  const compare = database.prepare<[string, number, number | null, number | null]>(
    `insert into comparison (decision_id, origin, judge_model, strong_model, weak_model, strong_win,
       first_verdict, second_verdict, strong_cost_nano_usd, weak_cost_nano_usd, created_at_utc)
     values (?, 'label', 'judge', 'big', 'small', ?, 'tie', 'tie', ?, ?, '2025-01-01T00:00:00.000Z')`,
  );
  database.transaction(() => {
    for (const [i, { explicit, strongWin, comparedCostNanoUsd: costs }] of rows.entries()) {
      const decisionId = `dec_${i}`;
      if (explicit !== null) {
        writer.recordFeedback({ decisionId, source: 'user', value: explicit, comment: null });
      }
      if (strongWin !== null) {
        compare.run(decisionId, strongWin, costs?.strong ?? null, costs?.weak ?? null);
      }
    }
  })();
  database.close();
  return file;
}
