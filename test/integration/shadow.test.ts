import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/secret.ts';
import { SqliteDatabase } from '../../src/store/sqlite.ts';
import { ask, get, post } from '../support/chat.ts';
import { deployment } from '../support/deployment.ts';
import { judgeOfLength, judgeOfPlaces, judgeWithoutVerdict } from '../support/judges.ts';
import { readLog } from '../support/read-log.ts';
import {
  completion,
  failure,
  startScriptedUpstream,
  streamText,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

const key = 'canary-shadow-judge-0123456789';
const settings = { share: 1, maxNanoUsdPerDay: 1e9, maxPerHour: 1000 };
let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let judge: ScriptedUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  strong = await startScriptedUpstream();
  weak = await startScriptedUpstream();
  judge = await startScriptedUpstream();
  strong.always(completion('A long and careful answer.'));
  weak.always(completion('Short.'));
  judge.always(judgeOfLength);
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close(), judge.close()]);
});

async function start(change: Partial<Config> = {}, price: number | null = null): Promise<void> {
  const perMtok = price === null ? null : { inputPerMtok: price, outputPerMtok: price };
  const wise = { id: 'judge', group: 'judge', model: 'wise', baseUrl: judge.url };
  const urls = { strong: strong.url, weak: weak.url };
  gateway = await startTestGateway(urls, (config) => ({
    ...config,
    judge: deployment({ ...wise, apiKey: new Secret(key), price: perMtok }),
    shadow: settings,
    ...change,
  }));
}

const chat = (content: unknown, rest: Record<string, unknown> = {}) =>
  post(`${gateway.url}/v1/chat/completions`, ask(content, rest));

function comparisons(): Record<string, unknown>[] {
  const database = new SqliteDatabase(gateway.db, { readonly: true });
  const rows = database.prepare('select * from comparison order by rowid').all();
  database.close();
  return rows as Record<string, unknown>[];
}

/** Requests that were chosen, by what became of them. */
async function results(): Promise<Record<string, number>> {
  const { text } = await get(`${gateway.url}/metrics`);
  const lines = text.matchAll(/^pointsman_shadow_total\{result="(\w+)"\} (\d+)$/gm);
  const counts = Array.from(lines, ([, result = '', count]) => [result, Number(count)] as const);
  return Object.fromEntries(counts);
}

const become = (expected: Record<string, number>) => expect.poll(results).toEqual(expected);

test('the other model is asked the same, and the comparison is stored with the request', async () => {
  await start();
  const reply = await chat('0.7 prove it', { temperature: 0.3, store: true, num_retries: 1 });
  await become({ stored: 1 });
  const id = reply.headers.get('x-pointsman-decision-id');
  await expect.poll(comparisons).toMatchObject([
    {
      ...{ decision_id: id, origin: 'shadow', judge_model: 'wise' },
      ...{ strong_model: 'strong-model:7b', weak_model: 'weak-model:7b', strong_win: 1 },
    },
  ]);
  expect(weak.requests.map(({ body }) => body)).toEqual([
    {
      ...{ model: 'weak-model:7b', stream: false, temperature: 0.3 },
      messages: [{ role: 'user', content: '0.7 prove it' }],
    },
  ]);
  expect(strong.requests).toHaveLength(1);
  const { json } = await get(`${gateway.url}/v1/router/feedback/${id}`);
  expect(json).toMatchObject({ feedback: [], signals: [], comparisons: [{ strong_win: 1 }] });
});

test('a stream is compared by the text that the client got', async () => {
  await start();
  weak.enqueue(streamText('Much longer than ', 'the careful answer.'));
  const reply = await chat('0.2 hello there', { stream: true });
  expect(reply.text).toContain('[DONE]');
  await expect.poll(comparisons).toMatchObject([{ strong_win: 0 }]);
  expect(strong.requests[0]?.body['stream']).toBe(false);
  expect(strong.requests[0]?.body).not.toHaveProperty('stream_options');
});

test('a judge that always prefers a place yields ties', async () => {
  await start();
  judge.always(judgeOfPlaces);
  await chat('0.7 prove it');
  const tie = { strong_win: 0.5, first_verdict: 'strong', second_verdict: 'weak' };
  await expect.poll(comparisons).toMatchObject([tie]);
});

test('what is not scored, cannot be judged or went another way is not compared', async () => {
  await start();
  strong.enqueue(completion('', { choices: [{ message: { tool_calls: [{ id: 'c' }] }, finish_reason: 'tool_calls' }] })); // prettier-ignore
  await chat('0.7 call a tool');
  await chat('0.7 twice', { n: 2 });
  await chat('0.7 search', { web_search_options: {} });
  await chat('0.7 run', { tools: [{ type: 'code_interpreter' }] });
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } };
  await chat([{ type: 'text', text: '0.7 see' }, image]);
  await chat('0.7 bypass', { model: 'weak' });
  strong.enqueue(failure(400));
  await chat('0.7 wrong');
  strong.enqueue(failure(500));
  await chat('0.7 fall back');
  const before = [strong, weak].map(({ requests }) => requests.length);
  await chat('0.7 prove it');
  await become({ stored: 1 });
  expect([strong, weak].map(({ requests }) => requests.length)).toEqual([
    before[0]! + 1,
    before[1]! + 1,
  ]);
  expect(judge.requests).toHaveLength(2);
});

test('a private request never leaves', async () => {
  await start();
  const url = `${gateway.url}/v1/chat/completions`;
  await post(url, ask('0.7 my secret'), { 'x-pointsman-private': 'true' });
  await post(url, ask('0.7 another secret', { metadata: { private: true } }));
  expect([weak.requests, judge.requests]).toEqual([[], []]);
  await chat('0.7 prove it');
  await become({ stored: 1 });
  const seen = [...weak.requests, ...judge.requests].map(({ text }) => text).join('');
  expect(seen).toContain('prove it');
  expect(seen).not.toContain('secret');
});

test('nothing waits for it, and what it does fails no request', async () => {
  await start();
  const held: (() => void)[] = [];
  const hold: Script = (res, seen) => void held.push(() => void completion('Short.')(res, seen));
  weak.always(hold);
  for (let i = 0; i < 20; i++) expect((await chat(`0.7 number ${i}`)).status).toBe(200);
  expect(held).toHaveLength(1); // one at a time
  await become({ dropped: 3 }); // and 16 that wait
  weak.always(failure(500));
  held[0]!();
  await become({ dropped: 3, stored: 1, failed: 16 });
  expect(gateway.logLines.join('')).toContain('a shadow comparison failed');
  weak.always(completion('Short.'));
  expect((await chat('0.2 fine')).headers.get('x-pointsman-fallbacks')).toBe('0');
});

test('ending drops what waits and is not delayed', async () => {
  await start();
  let isAsked = false;
  weak.always(() => void (isAsked = true)); // never answers
  await chat('0.7 one');
  await chat('0.7 two');
  await expect.poll(() => isAsked).toBe(true);
  await gateway.close();
  expect(weak.requests).toHaveLength(1);
  await expect(weak.closed[0]).resolves.toBeUndefined();
});

test('a judge without a verdict stores nothing and is counted', async () => {
  await start();
  judge.always(judgeWithoutVerdict);
  await chat('0.7 prove it');
  await become({ no_verdict: 1 });
  expect(comparisons()).toEqual([]);
});

test('it stops at its budget, with what was spent counted', async () => {
  const shadow = { ...settings, maxNanoUsdPerDay: 600e6 };
  await start({ shadow }, 1000);
  // Likely: two judgements of about 20 + 2 x 7 + 300 and 200 tokens, a tenth of a cent each.
  await chat('0.7 too dear');
  await become({ over_budget: 1 });
  expect(weak.requests).toEqual([]);
  await gateway.close();
  await start({ shadow: { ...settings, maxNanoUsdPerDay: 1.2e9 } }, 1000);
  await chat('0.7 prove it');
  await become({ stored: 1 });
  const { text } = await get(`${gateway.url}/metrics`);
  expect(text).toContain('pointsman_shadow_cost_usd_total 0.036');
});

test('it keeps to its number an hour, over a restart too', async () => {
  const shadow = { ...settings, maxPerHour: 1 };
  await start({ shadow });
  await chat('0.7 one');
  await become({ stored: 1 });
  await chat('0.7 two');
  await become({ stored: 1, over_budget: 1 });
  await expect.poll(comparisons).toHaveLength(1);
  const again = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) => ({
    ...config,
    ...{ db: gateway.db, judge: gateway.config.judge, shadow },
  }));
  await post(`${again.url}/v1/chat/completions`, ask('0.7 three'));
  const metrics = () => get(`${again.url}/metrics`);
  await expect.poll(async () => (await metrics()).text).toContain('{result="over_budget"} 1');
  await again.close();
});

test('a reload turns it off; it is off by default', async () => {
  await start();
  await gateway.replace({ ...gateway.config, shadow: null }, gateway.parts);
  await chat('0.7 prove it');
  await expect.poll(() => readLog(gateway.db)).toHaveLength(1);
  expect(weak.requests).toEqual([]);
  expect(await results()).toEqual({});
});

test("neither the judge's key nor an answer is kept or told", async () => {
  await start();
  strong.always(completion('The canary-answer is long.'));
  judge.enqueue(failure(401, { error: { message: `wrong key ${key}` } }));
  const reply = await chat('0.7 prove it');
  await become({ failed: 1 });
  await chat('0.7 prove it twice');
  await become({ failed: 1, stored: 1 });
  expect(judge.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  const metrics = await get(`${gateway.url}/metrics`);
  await expect.poll(comparisons).toHaveLength(1);
  const kept = [gateway.db, `${gateway.db}-wal`].map((file) => readFileSync(file, 'latin1'));
  expect(kept.join('')).toContain('wise');
  expect(kept.join('')).not.toMatch(/canary-answer|canary-shadow/);
  const told = [reply.text, JSON.stringify([...reply.headers]), metrics.text, ...gateway.logLines];
  for (const text of told) expect(text).not.toContain(key);
});
