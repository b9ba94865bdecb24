import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCalibrate, type CalibrateOptions } from '../../../src/cli/calibrate.ts';
import { ConfigError } from '../../../src/errors.ts';
import { openDatabase } from '../../../src/store/database.ts';
import { createLogWriter } from '../../../src/store/log-writer.ts';
import { packRows } from '../../../src/store/packed-rows.ts';
import { openRequestLog } from '../../../src/store/request-log.ts';
import type { RequestRecord } from '../../../src/store/request-record.ts';
import { SqliteDatabase } from '../../../src/store/sqlite.ts';
import { fakeIo } from '../../support/cli-io.ts';
import { fakeScorer } from '../../support/fake-scorer.ts';
import { requestRecord } from '../../support/request-record.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** A log with the scores 0.000, 0.001, ... of one router version. */
function logWithScores(rows: number, fields: Partial<RequestRecord> = {}): string {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const records = Array.from({ length: rows }, (_, i) =>
    requestRecord({
      decisionId: `dec_${i}`,
      startedAtMs: Date.UTC(2025, 0, 1) + i,
      score: i / 1000,
      tier: i % 2 === 0 ? 'strong' : 'weak',
      upstreamModel: i % 2 === 0 ? 'big' : 'small',
      ...fields,
    }),
  );
  createLogWriter(database).write(packRows(records));
  database.close();
  return file;
}

async function calibrate(options: Omit<CalibrateOptions, 'strongModelPct'> & { pct?: string }) {
  const captured = fakeIo();
  const scorer = fakeScorer((text) => text.length / 1000);
  const { pct = '0.5', ...rest } = options;
  const exitCode = await runCalibrate({ strongModelPct: pct, ...rest }, captured.io, {
    ...scorer,
    takeUpMs: 100,
  });
  return { exitCode, out: captured.stdout(), err: captured.stderr(), seen: scorer.seen };
}

test("prints RouteLLM's line, then what it rests on", async () => {
  const db = logWithScores(1001);
  const { exitCode, out } = await calibrate({ db, pct: '0.25' });
  const [line, origin, interval, share] = out.split('\n');
  expect(line).toBe('For 25.0% strong model calls for mf, threshold = 0.75000');
  expect(origin).toBe(
    `  from 1001 scored requests in ${db} (strong big, weak small; router version mf-v1)`,
  );
  expect(interval).toMatch(/^ {2}95% interval of the threshold: 0\.7\d{4} to 0\.7\d{4}$/);
  expect(share).toBe('  share of these that it sends to strong: 25.1%');
  expect(exitCode).toBe(0);
});

test('only scores of the newest router version count, and only scored requests', async () => {
  const db = logWithScores(300, { routerVersion: 'mf-old', score: 0.9 });
  const database = openDatabase(db);
  const newer = Array.from({ length: 201 }, (_, i) => {
    const fields = { decisionId: `new_${i}`, routerVersion: 'mf-new', score: i / 200 };
    return requestRecord({ ...fields, startedAtMs: Date.UTC(2025, 5, 1) + i });
  });
  const others = [
    requestRecord({ decisionId: 'bypass', reason: 'bypass', score: null }),
    requestRecord({ decisionId: 'failed', reason: 'embedding_failed', score: null }),
    requestRecord({ decisionId: 'random', router: 'random', routerVersion: 'random-1' }),
  ];
  createLogWriter(database).write(packRows([...newer, ...others]));
  database.close();
  const { out } = await calibrate({ db, json: true });
  expect(JSON.parse(out)).toMatchObject({
    router: 'mf',
    router_version: 'mf-new',
    strong_model_pct: 0.5,
    threshold: 0.5,
    prompts: 201,
    applied: false,
    taken_up: null,
  });
});

test('too few scores are refused with the number that is missing', async () => {
  const db = logWithScores(40);
  await expect(calibrate({ db, minPrompts: '50' })).rejects.toThrow(
    /40 scored requests .* 50 are needed, 10 more/,
  );
  expect((await calibrate({ db, minPrompts: '40' })).exitCode).toBe(0);
});

test('a log without scores of the router, or no log, is named', async () => {
  const db = logWithScores(3, { reason: 'bypass', score: null });
  await expect(calibrate({ db })).rejects.toThrow(/no request .* router mf, of 3 in all/);
  await expect(calibrate({ db, router: 'random' })).rejects.toThrow(/router random/);
  const missing = join(tempFolder(), 'none.db');
  await expect(calibrate({ db: missing })).rejects.toThrow(/no log database at .*none\.db/);
});

test.each([
  [undefined, /--strong-model-pct SHARE/],
  ['50', /For 50 % write 0\.5/],
  ['-0.1', /between 0 and 1/],
  ['half', /half/],
  ['', /between 0 and 1/],
])('the share %j is refused', async (strongModelPct, message) => {
  const running = runCalibrate(
    { db: 'none.db', strongModelPct },
    fakeIo().io,
    fakeScorer(() => 0),
  );
  await expect(running).rejects.toThrow(ConfigError);
  await expect(running).rejects.toThrow(message);
});

test('prompts of a JSONL file are scored for the named pair', async () => {
  const prompts = join(tempFolder(), 'prompts.jsonl');
  const lines = Array.from({ length: 101 }, (_, i) =>
    i % 2 === 0
      ? { prompt: 'x'.repeat(i + 1) }
      : { messages: [{ role: 'user', content: 'x'.repeat(i + 1) }] },
  );
  const imageOnly = { messages: [{ role: 'user', content: [{ type: 'image_url' }] }] };
  writeFileSync(prompts, [...lines, imageOnly].map((line) => JSON.stringify(line)).join('\r\n'));
  const db = join(tempFolder(), 'log.db');
  const options = { db, prompts, strongModel: 'big', weakModel: 'small' };
  const { out, seen } = await calibrate(options);
  expect(out).toContain('For 50.0% strong model calls for mf, threshold = 0.05100\n');
  expect(out).toContain('from 101 prompts of');
  expect(out).toContain('1 without text left out');
  expect(seen.requests).toEqual([{ router: 'mf', strongModel: 'big', weakModel: 'small' }]);
  expect(seen.isClosed).toBe(true);
});

test('prompts of a text file are one a line', async () => {
  const prompts = join(tempFolder(), 'prompts.txt');
  writeFileSync(prompts, '{not json}\n\nxxxx\nxxxxxx\n');
  const options = { db: 'none.db', prompts, strongModel: 'big', weakModel: 'small' };
  const { out } = await calibrate({ ...options, minPrompts: '3', json: true });
  expect(JSON.parse(out)).toMatchObject({
    prompts: 3,
    threshold: 0.006,
    router_version: 'mf-fake',
  });
});

test.each([
  ['prompts.json', '[\n  {\n    "prompt": "a"\n  },\n  { "prompt": "b" }\n]\n', /is a JSON array/],
  ['prompts.json', '[{"prompt":"a"},{"prompt":"b"}]', /is a JSON array/],
  ['prompts', '[ { "prompt": "a" },\n  { "prompt": "b" } ]', /is a JSON array/],
  ['prompts.txt', '\n["a","b"]\n', /is a JSON array/],
  ['prompts.txt', '{"prompt":"a"}\n{"prompt":"b"}\n', /holds JSON: name it \.jsonl/],
])('%s with %j is not scored as text', async (name, text, message) => {
  const prompts = join(tempFolder(), name);
  writeFileSync(prompts, text);
  const options = {
    db: 'none.db',
    prompts,
    strongModel: 'big',
    weakModel: 'small',
    minPrompts: '1',
  };
  await expect(calibrate(options)).rejects.toThrow(message);
});

test.each([
  ['[INST] Is 221 prime?\n', 0.02],
  [' {"prompt":"a"}\n', 0.001],
])('%j is told apart by more than its first character', async (text, threshold) => {
  const prompts = join(tempFolder(), 'prompts');
  writeFileSync(prompts, text);
  const options = { db: 'none.db', strongModel: 'big', weakModel: 'small', minPrompts: '1' };
  const { out } = await calibrate({ ...options, prompts, json: true });
  expect(JSON.parse(out)).toMatchObject({ prompts: 1, threshold });
});

test('a prompts file that cannot be used is named with the line', async () => {
  const prompts = join(tempFolder(), 'prompts.jsonl');
  const options = { db: 'none.db', prompts, strongModel: 'big', weakModel: 'small' };
  await expect(calibrate(options)).rejects.toThrow(/--prompts .* cannot be read: ENOENT/);
  writeFileSync(prompts, '{"prompt":"a"}\n{"text":"b"}\n');
  await expect(calibrate(options)).rejects.toThrow(/line 2: needs "prompt" or "messages"/);
  await expect(calibrate({ ...options, weakModel: undefined })).rejects.toThrow(/--weak-model/);
});

test('--apply stores the threshold and says when no server took it up', async () => {
  const db = logWithScores(200);
  const { out } = await calibrate({ db, apply: true });
  expect(out).toMatch(/Stored, but no running server took it up within 0\.1 s\. The next start/);
  const database = new SqliteDatabase(db);
  expect(database.prepare('select * from applied_threshold').all()).toEqual([
    {
      id: 1,
      router: 'mf',
      router_version: 'mf-v1',
      threshold: 0.0995,
      strong_share: 0.5,
      prompts: 200,
      applied_at_utc: expect.stringMatching(/Z$/) as string,
      taken_up_at_utc: null,
      goal: 'strong_share',
      score_deciles: expect.stringMatching(/^\[0,0.0199,.*,0.199\]$/) as string,
    },
  ]);
  database.close();
});

test('where scores tie, the miss is told and --apply refused', async () => {
  const db = logWithScores(200, { score: 0.4 });
  const { exitCode, out } = await calibrate({ db, pct: '0.5', apply: true });
  expect(exitCode).toBe(1);
  expect(out).toContain(
    'These scores do not reach 50.0%: all 200 are the same; this threshold sends 100.0% ' +
      'to strong, the next higher one 0.0%.\nNothing is changed, and --apply refuses it',
  );
  const asJson = await calibrate({ db, pct: '0.5', json: true });
  expect(JSON.parse(asJson.out)).toMatchObject({
    distinct_scores: 1,
    is_on_target: false,
    applied: false,
  });
  expect(asJson).toMatchObject({
    exitCode: 0,
    err: expect.stringContaining('warning: These scores do not reach 50.0%') as string,
  });
  const database = new SqliteDatabase(db);
  expect(database.prepare('select count(*) from applied_threshold').pluck().get()).toBe(0);
  database.close();
});

test('--apply tells what the next start of a server with --threshold uses', async () => {
  const db = logWithScores(200);
  const log = await openRequestLog({ file: db, pollMs: 10 });
  log.onThresholdApplied(() => true);
  const captured = fakeIo();
  const options = { db, strongModelPct: '0.5', apply: true };
  await runCalibrate(options, captured.io, { ...fakeScorer(() => 0), takeUpMs: 10_000 });
  expect(captured.stdout()).toMatch(
    /A server started with --threshold \(threshold in the file\) uses that again after its next start/,
  );
  await log.close();
});

test('--apply says so when a running server uses the threshold', async () => {
  const db = logWithScores(200);
  const log = await openRequestLog({ file: db, pollMs: 10 });
  const seen: number[] = [];
  log.onThresholdApplied(({ threshold }) => void seen.push(threshold));
  const captured = fakeIo();
  const options = { db, strongModelPct: '0.5', apply: true, json: true };
  await runCalibrate(options, captured.io, { ...fakeScorer(() => 0), takeUpMs: 10_000 });
  expect(JSON.parse(captured.stdout())).toMatchObject({ applied: true, taken_up: true });
  expect(seen).toEqual([0.0995]);
  await log.close();
});
