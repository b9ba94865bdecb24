import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createScorerOf } from '../../../src/cli/create-scorer.ts';
import { demoPair } from '../../../src/demo/demo-models.ts';
import type { TierSettings } from '../../../src/config/settings-schema.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { runCommand } from '../../support/cli-io.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const pair = { strong: 'gpt-4-1106-preview', weak: 'mixtral-8x7b-instruct-v0.1' };
const named = { strong: { model: pair.strong }, weak: { model: pair.weak } };

/** 300 scores from 0.900 on, high for any router, of the pair with the encoder `fast`. */
async function logOfPair(
  fields: Partial<RequestRecord> = {},
  { strong, weak }: { strong: TierSettings; weak: TierSettings } = named,
): Promise<string> {
  const createScorer = createScorerOf({ embedder: 'fast', strong, weak }, {}, () => {});
  const [strongModel, weakModel] = [strong.model!, weak.model!];
  const scorer = await createScorer({ router: 'mf', strongModel, weakModel });
  await scorer.close();
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const records = Array.from({ length: 300 }, (_, i) =>
    requestRecord({
      decisionId: `dec_${i}`,
      routerVersion: scorer.router.version,
      score: 0.9 + i / 10_000,
      tier: i % 2 === 0 ? 'strong' : 'weak',
      upstreamModel: i % 2 === 0 ? strongModel : weakModel,
      ...fields,
    }),
  );
  createLogWriter(database).write(packRows(records));
  database.close();
  return file;
}

const drift = (db: string, ...args: string[]) => runCommand(['drift', '--db', db, ...args]);

test("without a calibration, drift is measured against the weights' traffic", async () => {
  const db = await logOfPair();
  const shown = await drift(db, '--embedder', 'fast', '--json');
  expect(shown.stderr).toBe('');
  expect(JSON.parse(shown.stdout)).toMatchObject({
    ...{ router: 'mf', level: 'major', scores: 300 },
    reference: { origin: 'weights', since: null },
  });
  const text = await drift(db, '--embedder', 'fast');
  expect(text.stdout).toMatch(/^Major drift: calibrate \(pointsman calibrate --apply\)/);
  expect(text.stdout).toMatch(/the last 300 scores of mf against the \d+ that the weights bring/);
});

test('traffic of other weights, models or another embedder is no reference', async () => {
  const refusal = /No calibration .* calibrate --apply\. Nor is there traffic of its weights: /;
  const swapped = await drift(
    await logOfPair(),
    ...['--embedder', 'fast', '--strong-model', pair.weak, '--weak-model', pair.strong],
  );
  expect(swapped.exitCode).toBe(2);
  expect(swapped.stderr).toMatch(refusal);
  expect(swapped.stderr).toMatch(/it is version .*--config/);
  const silent = await drift(await logOfPair({ tier: 'weak' }), '--embedder', 'fast');
  expect(silent.exitCode).toBe(2);
  expect(silent.stderr).toMatch(refusal);
  expect(silent.stderr).toMatch(/the log has no answer of strong; .*--config/);
});

test('the log of the simulated models is compared without a flag that names them', async () => {
  const shown = await drift(await logOfPair({}, demoPair), '--embedder', 'fast');
  expect(shown.stderr).toBe('');
  expect(shown.stdout).toMatch(/the last 300 scores of mf against/);
});
