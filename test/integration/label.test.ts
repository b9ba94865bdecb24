import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createProgram } from '../../src/cli/create-program.ts';
import { label } from '../../src/cli/label.ts';
import { readInput } from '../../src/cli/setting-options.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createLogWriter } from '../../src/store/log-writer.ts';
import { packRows } from '../../src/store/packed-rows.ts';
import type { RequestRecord } from '../../src/store/request-record.ts';
import { SqliteDatabase } from '../../src/store/sqlite.ts';
import { fakeIo } from '../support/cli-io.ts';
import { judgeOfLength, judgeOfPlaces, judgeWithoutVerdict } from '../support/judges.ts';
import { requestRecord } from '../support/request-record.ts';
import {
  completion,
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { writeConfigFile } from '../support/config-input.ts';

const key = 'canary-judge-0123456789';
let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let judge: ScriptedUpstream;

beforeAll(async () => {
  [strong, weak, judge] = await Promise.all([
    startScriptedUpstream(),
    startScriptedUpstream(),
    startScriptedUpstream(),
  ]);
});

afterAll(() => Promise.all([strong.close(), weak.close(), judge.close()]));

beforeEach(() => {
  for (const upstream of [strong, weak, judge]) upstream.requests.length = 0;
  strong.always(completion('A long and careful answer.'));
  weak.always(completion('Short.'));
  judge.always(judgeOfLength);
});

/** A log of scored prompts, one second apart, with their texts. */
function logOf(prompts: readonly Partial<RequestRecord>[]): string {
  const file = join(tempFolder(), 'log.db');
  const database = openDatabase(file);
  const records = prompts.map((fields, i) =>
    requestRecord({
      decisionId: `dec_${i}`,
      startedAtMs: Date.UTC(2025, 0, 1, 0, 0, i),
      promptText: `prompt ${i}`,
      completionTokens: 100,
      tier: i % 2 === 0 ? 'strong' : 'weak',
      upstreamModel: i % 2 === 0 ? 'big' : 'small',
      ...fields,
    }),
  );
  createLogWriter(database).write(packRows(records));
  database.close();
  return file;
}

const some = (count: number) => logOf(Array.from({ length: count }, () => ({})));

interface Run {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

interface RunOptions {
  readonly yaml?: string;
  readonly signals?: EventEmitter;
  readonly stdin?: PassThrough;
}

async function run(db: string, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const env = { JUDGE_KEY: key };
  const { io, stdout, stderr } = fakeIo(env);
  const isTerminal = options.stdin !== undefined;
  if (isTerminal) Object.assign(io.stderr, { isTTY: true });
  const ownIo = { ...io, ...(options.stdin && { stdin: options.stdin }) };
  const program = createProgram({ io: ownIo, setExitCode: () => {} });
  const command = program.commands.find((one) => one.name() === 'label')!;
  command.parseOptions([
    ...['--strong-model', 'big', '--strong-base-url', strong.url],
    ...['--weak-model', 'small', '--weak-base-url', weak.url],
    ...['--judge-model', 'wise', '--judge-base-url', judge.url],
    ...['--judge-api-key-env', 'JUDGE_KEY', '--db', db],
    ...(options.yaml === undefined ? [] : ['--config', writeConfigFile(options.yaml)]),
    ...args,
  ]);
  const signals = options.signals ?? new EventEmitter();
  const deps = { signals, exit: vi.fn() };
  const exitCode = await label(readInput(command.opts(), { env }), command.opts(), ownIo, deps);
  return { exitCode, out: stdout(), err: stderr() };
}

type Row = Record<string, unknown>;

function comparisonsIn(db: string): Row[] {
  const database = new SqliteDatabase(db, { readonly: true });
  const rows = database.prepare('select * from comparison order by decision_id').all() as Row[];
  database.close();
  return rows;
}

/** A scripted answer says that it took 11 tokens and gave 7. */
const prices = (perMtok: number) =>
  ['strong', 'weak', 'judge']
    .map((name) => `${name}: { input_per_mtok: ${perMtok}, output_per_mtok: ${perMtok} }`)
    .join('\n');
const modelsOf = (yaml: string) =>
  yaml
    .replace('strong: {', 'strong: { model: big,')
    .replace('weak: {', 'weak: { model: small,')
    .replace('judge: {', 'judge: { model: wise,');
const priced = modelsOf(prices(1_000));

test('both models are asked, the judge sees both orders, and what it says is stored', async () => {
  const db = some(2);
  const { exitCode, out, err } = await run(db, ['--json']);
  expect(exitCode).toBe(0);
  expect(err).toContain('big against small, judged by wise, on 2 of 2 logged prompts.');
  expect(JSON.parse(out)).toMatchObject({
    ...{ chosen: 2, compared: 2, strong_better: 2, mean_strong_win: 1 },
    ...{ cost_usd: 0, stopped: 'done' },
  });
  const [row] = comparisonsIn(db);
  expect(row).toMatchObject({
    ...{ decision_id: 'dec_0', origin: 'label', judge_model: 'wise' },
    ...{ strong_model: 'big', weak_model: 'small', strong_win: 1 },
    ...{ first_verdict: 'strong', second_verdict: 'strong', strong_cost_nano_usd: null },
  });
  expect(strong.requests.map(({ body }) => body)).toMatchObject([
    { model: 'big', stream: false, messages: [{ role: 'user', content: 'prompt 0' }] },
    { model: 'big', messages: [{ content: 'prompt 1' }] },
  ]);
  expect(judge.requests).toHaveLength(4);
  expect(judge.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  expect(strong.requests[0]?.headers.authorization).toBeUndefined();
  expect(out + err + readFileSync(db).toString('latin1')).not.toContain(key);
});

test('prompts that were routed between other models are told of', async () => {
  const older = { routerVersion: 'mf-v0' };
  const db = logOf([{}, {}, {}, { ...older, upstreamModel: 'tiny' }]);
  const { err } = await run(db, []);
  expect(err).toContain(
    'warning: 1 of these prompts were routed between other models (the log names big as strong, ' +
      'small, tiny as weak).',
  );
  expect((await run(some(2), [])).err).not.toContain('other models');
});

test('a judge that always prefers a place yields ties', async () => {
  judge.always(judgeOfPlaces);
  const db = some(1);
  await run(db, []);
  expect(comparisonsIn(db)).toMatchObject([
    { strong_win: 0.5, first_verdict: 'strong', second_verdict: 'weak' },
  ]);
});

test('a judge without a verdict is asked once more; then nothing is stored', async () => {
  judge.always(judgeWithoutVerdict);
  const db = some(1);
  const { out } = await run(db, []);
  expect(out).toContain('1 left out: the judge gave no verdict');
  expect(judge.requests).toHaveLength(2);
  expect(comparisonsIn(db)).toEqual([]);
});

test('a judge that takes no temperature is asked without one', async () => {
  judge.enqueue(failure(400, { error: { message: "'temperature' does not support 0" } }));
  const db = some(1);
  await run(db, []);
  expect(judge.requests.map(({ body }) => body['temperature'])).toEqual([0, undefined, undefined]);
  expect(comparisonsIn(db)).toHaveLength(1);
});

test('equal answers are a tie without a judge', async () => {
  weak.always(completion(' A long and careful answer.\n'));
  const db = some(1);
  await run(db, []);
  expect(comparisonsIn(db)).toMatchObject([{ strong_win: 0.5, judge_cost_nano_usd: 0 }]);
  expect(judge.requests).toEqual([]);
});

test('what is stored is not asked again, nor another request with the same text', async () => {
  const db = logOf([{}, { promptText: 'prompt 0' }, {}, {}]);
  await run(db, ['--limit', '2', '--sample', 'recent']);
  expect(strong.requests.map(textOf)).toEqual(['prompt 3', 'prompt 2']);
  const { err } = await run(db, []);
  expect(err).toContain('on 1 of 3 logged prompts, 2 are compared already');
  expect(strong.requests.map(textOf)).toEqual(['prompt 3', 'prompt 2', 'prompt 0']);
  const last = await run(db, ['--json']);
  expect(last.err).toBe('All 3 logged prompts are compared by wise already.\n');
  expect(JSON.parse(last.out)).toMatchObject({ chosen: 0, stopped: 'not_started' });
  expect(strong.requests).toHaveLength(3);
});

const textOf = ({ body }: { body: Row }) => (body['messages'] as { content: string }[])[0]?.content;

test('the prompts nearest to their threshold come first where wanted', async () => {
  const db = logOf([0.9, 0.52, 0.1, 0.47].map((score) => ({ score, threshold: 0.5 })));
  await run(db, ['--limit', '2', '--sample', 'uncertain']);
  expect(strong.requests.map(textOf)).toEqual(['prompt 1', 'prompt 3']);
});

test('unscored texts never leave, and a request without a text, as a private one, is passed over', async () => {
  const db = logOf([{ score: null }, { promptText: null }, { isPrivate: true, promptText: null }]);
  await expect(run(db, ['--yes'])).rejects.toThrow(/holds no prompts.*--log-prompts full/);
  for (const upstream of [strong, weak, judge]) expect(upstream.requests).toEqual([]);
});

test('a cost is shown and must be agreed to', async () => {
  const db = some(2);
  const refusal = run(db, [], { yaml: priced });
  await expect(refusal).rejects.toThrow(/agree to it by --yes/);
  const dry = await run(db, ['--dry-run', '--json'], { yaml: priced });
  // Tokens: 2 a prompt, 100 an answer; a judgement reads 2 + 200 + 300 and writes 200.
  expect(dry.err).toMatch(/Cost: about \$3\.22 .*answers of 100 and 100 tokens/);
  expect(JSON.parse(dry.out)).toMatchObject({ stopped: 'not_started' });
  expect(strong.requests).toEqual([]);
  const agreed = await run(db, ['--yes', '--json'], { yaml: priced });
  // 4 calls of 18 tokens each for both prompts, a tenth of a cent a token.
  expect(JSON.parse(agreed.out)).toMatchObject({ compared: 2, cost_usd: 0.144 });
  expect(comparisonsIn(db)[0]).toMatchObject({
    ...{ strong_cost_nano_usd: 18e6, weak_cost_nano_usd: 18e6, judge_cost_nano_usd: 36e6 },
  });
});

test.each([
  ['y\n', 1],
  ['\n', 0],
])('at a terminal it asks: %j', async (typed, compared) => {
  const db = some(1);
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  stdin.write(typed);
  const { exitCode, err } = await run(db, [], { yaml: priced, stdin });
  expect(exitCode).toBe(0);
  expect(err).toContain('Go on? [y/N]');
  expect(comparisonsIn(db)).toHaveLength(compared);
});

test('without a price of a remote model the cost is not known, and no budget can be kept', async () => {
  const db = some(1);
  const remote = ['--judge-base-url', 'https://judge.example.com/v1'];
  await expect(run(db, [...remote])).rejects.toThrow(/agree to it by --yes/);
  const { err } = await run(db, [...remote, '--dry-run']);
  expect(err).toContain('Cost: not known, without a price for judge');
  await expect(run(db, [...remote, '--budget', '5'])).rejects.toThrow(
    /--budget cannot be kept: judge/,
  );
});

test('the keys of the server, which it does not open, need not be there', async () => {
  const db = some(1);
  const yaml = `host: 0.0.0.0\nadmin_key_env: NOT_SET_HERE\nclient_keys_file: /nowhere/keys`;
  const { exitCode, err } = await run(db, [], { yaml });
  expect({ exitCode, warned: err.includes('warning') }).toEqual({ exitCode: 0, warned: false });
  expect(comparisonsIn(db)).toHaveLength(1);
});

test('it stops before it goes over its budget', async () => {
  const db = some(5);
  // One is likely to cost 1.61 dollars, and costs 0.072.
  const { out, exitCode } = await run(db, ['--yes', '--budget', '1.75'], { yaml: priced });
  expect(exitCode).toBe(0);
  expect(out).toContain('stopped by --budget');
  expect(comparisonsIn(db)).toHaveLength(2);
});

test('Ctrl-C keeps what is stored, and the next run goes on', async () => {
  const db = some(3);
  const signals = new EventEmitter();
  let asked = 0;
  strong.always((res, seen) => {
    if (++asked === 2) signals.emit('SIGINT');
    else void completion('A long and careful answer.')(res, seen);
  });
  const { exitCode, out } = await run(db, [], { signals });
  expect(exitCode).toBe(130);
  expect(out).toContain('interrupted: what is compared is stored');
  expect(comparisonsIn(db)).toHaveLength(1);
  strong.always(completion('A long and careful answer.'));
  await run(db, []);
  expect(comparisonsIn(db)).toHaveLength(3);
});

test('one that fails is left out; when all fail it gives up', async () => {
  const db = some(12);
  weak.enqueue(failure(500));
  const first = await run(db, ['--limit', '2']);
  expect(first.out).toMatch(/1 compared.*\n1 failed, the last one: .*failed \(500\)/);
  expect(first.exitCode).toBe(0);
  judge.always(failure(401, { error: { message: `bad key ${key}` } }));
  const second = await run(db, ['--json']);
  expect(second.exitCode).toBe(1);
  expect(JSON.parse(second.out)).toMatchObject({ compared: 0, failed: 5, stopped: 'failures' });
  expect(second.out + second.err).not.toContain(key);
});

test('it waits for a rate limit, and pays no answer twice', async () => {
  const db = some(1);
  const limited = failure(429, undefined, { 'retry-after': '0' });
  judge.enqueue(limited, limited);
  const { exitCode, err } = await run(db, []);
  expect(exitCode).toBe(0);
  expect(err.match(/rate limited\. It is asked again after 0 s\./g)).toHaveLength(1);
  expect([strong, weak, judge].map(({ requests }) => requests.length)).toEqual([1, 1, 4]);
  expect(comparisonsIn(db)).toHaveLength(1);
});

test('a limit for the day is not waited for', async () => {
  const db = some(1);
  judge.enqueue(failure(429, undefined, { 'retry-after': '3600' }));
  const { out } = await run(db, ['--json']);
  expect(JSON.parse(out)).toMatchObject({ compared: 0, failed: 1 });
  expect(judge.requests).toHaveLength(1);
});

test('a wait for a rate limit ends with Ctrl-C', async () => {
  const db = some(1);
  const signals = new EventEmitter();
  judge.enqueue((res, seen) => {
    void failure(429, undefined, { 'retry-after': '60' })(res, seen);
    res.once('close', () => setTimeout(() => signals.emit('SIGINT'), 50));
  });
  const { exitCode, out } = await run(db, [], { signals });
  expect(exitCode).toBe(130);
  expect(out).toContain('0 compared');
});

test('a model that never gives a verdict is not paid for all prompts', async () => {
  judge.always(judgeWithoutVerdict);
  const db = some(30);
  const { exitCode, out } = await run(db, ['--json']);
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ compared: 0, unreadable: 10, stopped: 'unreadable' });
  expect(strong.requests).toHaveLength(10);
});

test('several prompts are compared at the same time where wanted', async () => {
  const db = some(4);
  let running = 0;
  let most = 0;
  strong.always(async (res, seen) => {
    most = Math.max(most, ++running);
    await vi.waitUntil(() => most === 3, { timeout: 10_000 });
    running--;
    await completion('A long and careful answer.')(res, seen);
  });
  await run(db, ['--parallel', '3']);
  expect(most).toBe(3);
  expect(comparisonsIn(db)).toHaveLength(4);
});

test.each([
  [['--limit', '0'], /--limit 0 is not a whole number from 1/],
  [['--sample', 'best'], /--sample best is not one of random, uncertain, recent/],
  [['--budget', 'much'], /--budget much is not an amount/],
  [['--judge-model', 'openai/gpt-4.1', '--judge-base-url', 'https://api.openai.com/v1/chat/completions'], /must end before/], // prettier-ignore
])('wrong flags are told: %j', async (args, message) => {
  await expect(run(some(1), args)).rejects.toThrow(message);
});

test('the judge should be a third model, and must be named', async () => {
  const db = some(1);
  const same = ['--judge-model', 'big', '--judge-base-url', strong.url, '--dry-run'];
  expect((await run(db, same)).err).toContain('the judge is the strong model itself');
});
