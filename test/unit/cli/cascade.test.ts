import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAuroc } from '../../../src/calibration/auroc.ts';
import { normal, seededRandom } from '../../../src/math/random.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { runCommand } from '../../support/cli-io.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { writeOutcomes } from '../../support/write-outcomes.ts';

const count = 300;

/** A log in which a bound of -0.5 held: good weak answers are surer, and every third request is compared. */
function cascadeLog(comparedShare = 1 / 3) {
  const random = seededRandom(3);
  const rows = Array.from({ length: count }, (_, i) => {
    const isGood = random() < 0.6;
    const confidence = -0.45 + 0.2 * (normal(random) + (isGood ? 1 : 0));
    const isEscalated = confidence < -0.5;
    const isCompared = i < comparedShare * count;
    return {
      ...{ isGood, confidence, isEscalated, isCompared },
      ...{ score: 0.5 * random(), tier: isEscalated ? ('strong' as const) : ('weak' as const) },
      ...{ fellBack: false, propensity: null, promptChars: 40, promptTokens: 12, costNanoUsd: 7 },
      // Of escalated requests users saw the strong answer, and liked it.
      explicit: i % 2 === 0 ? (isEscalated || isGood ? 1 : 0) : null,
      strongWin: isCompared ? (isGood ? 0.5 : 1) : null,
    };
  });
  const file = writeOutcomes(rows, (_, i) => {
    const { confidence, isEscalated } = rows[i]!;
    return {
      ...{ confidence, reason: isEscalated ? 'cascade' : 'score', stream: i % 4 !== 0 },
      ...{ ttftMs: isEscalated ? 500 : 200 },
      discardedCostNanoUsd: isEscalated ? 2_000_000 : null,
    };
  });
  return { file, rows };
}

/** The same log with streams that the score sent to strong. */
function writeStraight(file: string): string {
  const database = new SqliteDatabase(file);
  database.exec(`update request set confidence = null, tier = 'strong', ttft_ms = 350
    where reason = 'score' and is_stream = 1 and rowid % 3 = 0`);
  database.close();
  return file;
}

interface Output {
  readonly outcomes: readonly {
    readonly kind: string;
    readonly auroc: { readonly confidence: { value: number; interval_95: [number, number] } };
  }[];
  readonly bounds: readonly { bound: number; escalated_share: number }[];
}

const run = (db: string, ...args: string[]) =>
  runCommand(['cascade', '--db', db, '--resamples', '100', ...args]);

test('measures the confidence from comparisons, and feedback on what was kept', async () => {
  const { file, rows } = cascadeLog();
  const { exitCode, stdout } = await run(file, '--json');
  expect(exitCode).toBe(0);
  const found = JSON.parse(stdout) as Output;
  const escalated = rows.filter(({ isEscalated }) => isEscalated).length;
  expect(found).toMatchObject({
    ...{ router: 'mf', router_version: 'mf-v1', requests: count, confident: count, escalated },
    present_bound: { bound: -0.5, escalated_share: escalated / count },
    discarded: { cost_nano_usd: 2_000_000 * escalated, without_price: 0 },
    ttft_ms: { stream: { kept: { p50: 200 }, escalated: { p50: 500 }, straight: { p50: null } } },
  });
  const aurocOf = (isIn: (row: (typeof rows)[number], i: number) => boolean): number =>
    createAuroc(rows.filter(isIn).map((row) => ({ ...row, signal: row.confidence })))();
  const [judged, explicit] = found.outcomes;
  expect(judged!.auroc.confidence.value).toBeCloseTo(
    aurocOf(({ isCompared }) => isCompared),
    12,
  );
  expect(judged).toMatchObject({ kind: 'judged', outcomes: 100, asked_again: 100, refused: null });
  expect(explicit!.auroc.confidence.value).toBeCloseTo(
    aurocOf(({ isEscalated }, i) => !isEscalated && i % 2 === 0),
    12,
  );
  // No signal was logged at all.
  expect(found.outcomes[2]).toMatchObject({ kind: 'signals', bad: 0, auroc: null });
});

test('says it in words, for the bound of the settings or of the flag', async () => {
  const { file, rows } = cascadeLog();
  const config = join(tempFolder(), 'pointsman.yaml');
  writeFileSync(config, 'cascade: { enabled: true, min_confidence: -0.4 }\n');
  const shareBelow = (bound: number): string =>
    `${((100 * rows.filter(({ confidence }) => confidence < bound).length) / count).toFixed(1)}%`;
  const { stdout } = await run(file, '--config', config);
  expect(stdout).toMatch(
    /^300 requests of mf \(version mf-v1\) were asked of the weak model first/,
  );
  expect(stdout).toMatch(
    /judged {4}confidence 0\.\d\d \(0\.\d\d to \d\.\d\d\), score 0\.\d\d .*difference [+-]0\.\d\d/,
  );
  expect(stdout).toMatch(
    /signals {3}too few: \d+ answers .* kept ones only \(\d+ good, 0 bad\); \d+ needed, \d+ more/,
  );
  expect(stdout).toMatch(new RegExp(`\\*-0\\.400 +${shareBelow(-0.4)} `));
  expect(stdout).toMatch(/Thrown away: \d+ weak answers, \$0\.\d+ in all, \$0\.\d+ per 1000/);
  expect(stdout).toMatch(/First byte, streams: kept 200 ms, 95% within 200 ms; escalated 500 ms/);
  expect(stdout).not.toMatch(/NaN|undefined|null/);
  const other = await run(file, '--min-confidence', '-0.3');
  expect(other.stdout).toMatch(new RegExp(`\\*-0\\.300 +${shareBelow(-0.3)} `));
  expect((await run(writeStraight(file))).stdout).toContain(
    'straight to strong 350 ms, 95% within 350 ms; escalated less straight +150 ms',
  );
});

test('counts signals, and comparisons beside live traffic as of the very answer', async () => {
  const { file } = cascadeLog();
  const database = new SqliteDatabase(file);
  database.exec(`update comparison set origin = 'shadow';
    insert into signal select decision_id, 'empty_answer', 0, started_at_utc from request
      where confidence < -0.35;`);
  database.close();
  const { stdout } = await run(file, '--json');
  const [judged, , signals] = (JSON.parse(stdout) as Output).outcomes as unknown as {
    asked_again: number;
    bad: number;
    auroc: { confidence: { value: number } };
  }[];
  expect(judged!.asked_again).toBeGreaterThan(0); // those that were escalated
  expect(judged!.asked_again).toBeLessThan(60);
  expect(signals!.bad).toBeGreaterThan(10);
  expect(signals!.auroc.confidence.value).toBe(1);
});

test('ends with 2 and the number needed when there are too few outcomes', async () => {
  const { file } = cascadeLog(1 / 20);
  const database = new SqliteDatabase(file);
  database.exec('delete from feedback');
  database.close();
  const { exitCode, stdout, stderr } = await run(file, '--json');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/too few outcomes .*judged 15 of 50 \(35 more\), explicit 0 of 50/);
  expect(JSON.parse(stdout)).toMatchObject({
    outcomes: [{ auroc: null, refused: { have: 15, needed: 50 } }, {}, {}],
  });
});

test('a log without a cascade, and wrong flags, are told', async () => {
  const row = { ...{ score: 0.5, tier: 'weak' as const, fellBack: false, propensity: 1 } };
  const rest = { promptChars: 1, promptTokens: 1, costNanoUsd: 1, explicit: 1, strongWin: null };
  const db = writeOutcomes([{ ...row, ...rest }]);
  const without = await run(db);
  expect(without.exitCode).toBe(2);
  expect(without.stderr).toContain('serve with --cascade');
  const { file } = cascadeLog();
  expect((await run(file, '--min-confidence', '1')).stderr).toContain('from -20 to 0');
  expect((await run(file, '--router', 'knn')).stderr).toContain('no score of router knn');
  expect((await run(file, '--resamples', '3')).stderr).toContain('--resamples');
});
