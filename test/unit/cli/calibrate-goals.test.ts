import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CalibrationRow } from '../../../src/calibration/calibration-row.ts';
import { seededRandom } from '../../../src/math/random.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { runCommand } from '../../support/cli-io.ts';
import { simulateLog, truePgr } from '../../support/simulated-log.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import { writeOutcomes } from '../../support/write-outcomes.ts';

const settings = {
  requests: 1500,
  threshold: 0.5,
  exploration: 0.2,
  rating: () => 0.5,
  comparison: 0.8,
};
const log = (change: (row: CalibrationRow) => CalibrationRow = (row) => row): string =>
  writeOutcomes(simulateLog(settings, seededRandom(1)).map(change));

/** Dollars for a million tokens are 1000 nano-dollars a token. */
function priceFile(): string {
  const file = join(tempFolder(), 'prices.yaml');
  const tier = (model: string, price: number): string =>
    `{ model: ${model}, base_url: http://127.0.0.1:1/v1, input_per_mtok: ${price}, output_per_mtok: ${price} }`;
  writeFileSync(file, `strong: ${tier('big', 0.01)}\nweak: ${tier('small', 0.001)}\n`);
  return file;
}

const calibrate = (db: string, ...args: string[]) =>
  runCommand(['calibrate', '--db', db, '--resamples', '200', '--within', '0.2', ...args]);

test('--target-quality finds a threshold, shows what it rests on and stores it', async () => {
  const db = log();
  const svg = join(tempFolder(), 'curve.svg');
  const { exitCode, stdout } = await calibrate(db, '--target-quality', '0.9', '--svg', svg);
  expect(exitCode).toBe(0);
  const threshold = Number(/threshold = (0\.\d{5})$/m.exec(stdout)?.[1]);
  expect(truePgr(threshold)).toBeGreaterThan(0.9);
  expect(stdout).toContain("For at least 90% of the strong model's advantage with mf");
  expect(stdout).toMatch(/from \d+ explicit \(weight 0\.\d\d\) and \d+ judged .* 1500 requests/);
  expect(stdout).toMatch(
    /better at the same share than chance by \+\d.*than the longest prompts by/,
  );
  expect(stdout).toMatch(/\$0\.00\d+ \(0\.00\d+ to 0\.00\d+\) less than always strong/);
  expect(stdout).toMatch(/^ +\*\d\d\.\d% +0\.\d{5}/m);
  expect(readFileSync(svg, 'utf8')).toMatch(/^<svg .*data-threshold="0\.\d+".*<\/svg>$/s);

  const applied = await calibrate(db, '--target-quality', '0.9', '--apply', '--json');
  const result = JSON.parse(applied.stdout) as {
    threshold: number;
    chosen: { share: number; pgr: { interval_95: [number, number] } };
    curve: { points: unknown[] };
  };
  expect(result).toMatchObject({
    ...{ goal: 'quality', target_quality: 0.9, applied: true, taken_up: false, refused: null },
  });
  expect(result.threshold).toBeCloseTo(threshold, 5);
  expect(result.chosen.pgr.interval_95[0]).toBeGreaterThanOrEqual(0.9);
  expect(result.curve.points).toHaveLength(101);
  const database = new SqliteDatabase(db);
  expect(database.prepare('select * from applied_threshold').get()).toMatchObject({
    threshold: result.threshold,
    strong_share: result.chosen.share,
    prompts: 1500,
    goal: 'quality',
    score_deciles: expect.stringMatching(/^\[0\.\d/) as string,
  });
  database.close();
});

test('--max-cost-per-1k takes logged costs, else tokens and prices of the file', async () => {
  const budget = ['--max-cost-per-1k', '0.001', '--json'];
  const logged = await calibrate(log(), ...budget);
  expect(JSON.parse(logged.stdout)).toMatchObject({ goal: 'cost', max_cost_per_1k_usd: 0.001 });
  const unpriced = log((row) => ({ ...row, costNanoUsd: null }));
  const refused = await calibrate(unpriced, ...budget);
  expect(refused).toMatchObject({
    exitCode: 2,
    stderr: expect.stringMatching(/Costs are not known.*input_per_mtok.*--config/) as string,
  });
  expect(JSON.parse(refused.stdout)).toMatchObject({
    threshold: null,
    refused: { reason: 'no_costs', have: 1500, needed: null },
  });
  // By 10 and 1 nano-dollars a token; an answer has 34.
  const priced = await calibrate(
    unpriced,
    ...['--max-cost-per-1k', '0.0005', '--json', '--config', priceFile()],
  );
  const { chosen, curve } = JSON.parse(priced.stdout) as {
    chosen: { share: number };
    curve: { cost_per_1k_usd: { strong: { value: number } } };
  };
  expect(curve.cost_per_1k_usd.strong.value).toBeCloseTo((54.5 + 34) * 10e-6, 4);
  expect(chosen.share).toBeGreaterThan(0.3);
  expect(chosen.share).toBeLessThan(0.6);
});

test('a tier with too few costs is named, with how many more are needed', async () => {
  const strongCosts = (kept: number) => {
    let seen = 0;
    return log((row) =>
      row.tier === 'weak' || seen++ < kept ? row : { ...row, costNanoUsd: null },
    );
  };
  const budget = ['--max-cost-per-1k', '1.50', '--json'];
  const few = await calibrate(strongCosts(4), ...budget);
  expect(few.exitCode).toBe(2);
  expect(few.stderr).toMatch(
    /Too few answers with a known cost: 4 of strong and \d+ of weak\. 10 of each are needed, 6 more of strong/,
  );
  expect(few.stderr).not.toContain('input_per_mtok');
  expect(JSON.parse(few.stdout)).toMatchObject({
    refused: { reason: 'few_costs', have: 4, needed: 10 },
  });
  const none = await calibrate(strongCosts(0), ...budget);
  expect(none.stderr).toMatch(/10 more of strong; .*Where strong has no input_per_mtok.*--config/);
});

test('too few outcomes are refused with the number that is missing', async () => {
  const few = writeOutcomes(
    simulateLog({ ...settings, requests: 200, rating: () => 0 }, seededRandom(2)),
  );
  const refused = await calibrate(few, '--target-quality', '0.95', '--within', '0.02');
  expect(refused.exitCode).toBe(2);
  expect(refused.stdout).toBe('');
  const [, have, needed, more] =
    /Too few outcomes: (\d+), .* About (\d+) are needed, (\d+) more/.exec(refused.stderr) ?? [];
  expect(Number(needed) - Number(have)).toBe(Number(more));
  expect(Number(more)).toBeGreaterThan(1000);
});

test('feedback without exploration is refused with what to set', async () => {
  const db = log((row) => ({ ...row, propensity: 1, strongWin: null }));
  const { exitCode, stderr } = await calibrate(db, '--target-quality', '0.9');
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(/no chance decided who answered.*exploration: 0\.05/);
  const judged = await calibrate(db, '--target-quality', '0.9', '--outcomes', 'judged');
  expect(judged.stderr).toMatch(
    /No outcomes \(--outcomes judged\).*About 3140 are needed, 3140 more/,
  );
});

test('a share shows the same curve below its line, when there is one', async () => {
  const { stdout } = await calibrate(log(), '--strong-model-pct', '0.3');
  expect(stdout).toMatch(/^For 30\.0% strong model calls for mf, threshold = 0\.\d{5}\n/);
  expect(stdout).toMatch(/^ +\*30\.\d% /m);
  const silent = log((row) => ({ ...row, explicit: null, strongWin: null, costNanoUsd: null }));
  const plain = await calibrate(silent, '--strong-model-pct', '0.3');
  expect(plain.stdout.trimEnd().split('\n')).toHaveLength(5);
});

test.each([
  [[], /calibrate needs a goal: --strong-model-pct SHARE.*--target-quality PGR/],
  [['--strong-model-pct', '0.5', '--max-cost-per-1k', '1'], /-pct and --max-cost.*give one goal/],
  [['--target-quality', '95'], /For 95 % write 0\.95/],
  [['--max-cost-per-1k', '-1'], /--max-cost-per-1k -1 is not a number of US dollars/],
  [['--max-cost-per-1k', ''], /--max-cost-per-1k {2}is not/],
  [['--target-quality', '0.9', '--outcomes', 'implicit'], /explicit, judged, all/],
  [['--target-quality', '0.9', '--within', '0'], /--within 0 is not a half width/],
  [['--target-quality', '0.9', '--resamples', '5'], /--resamples 5/],
  [['--target-quality', '0.9', '--min-prompts', '5'], /--min-prompts is about --strong-model-pct/],
  [['--target-quality', '0.9', '--prompts', 'x.txt'], /--prompts has no outcomes/],
])('%j is refused', async (args, message) => {
  const { exitCode, stderr } = await runCommand(['calibrate', '--db', 'none.db', ...args]);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});
