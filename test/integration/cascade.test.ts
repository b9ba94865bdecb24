import { setTimeout as sleep } from 'node:timers/promises';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { ask, get, post } from '../support/chat.ts';
import { readCascadeRecords } from '../../src/store/cascade-queries.ts';
import { runCommand } from '../support/cli-io.ts';
import { readLog, waitForDecision } from '../support/read-log.ts';
import {
  completion,
  failure,
  sendStream,
  startScriptedUpstream,
  type ScriptedUpstream,
  type Script,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
});

const withCascade = (config: Config): Config =>
  withTiers(
    { ...config, cascade: { minConfidence: -0.5, tokens: 4, minScore: 0.2 } },
    {
      strong: { price: { inputPerMtok: 10, outputPerMtok: 30 } },
      weak: { price: { inputPerMtok: 1, outputPerMtok: 3 } },
    },
  );

beforeEach(async () => {
  strong.requests.length = 0;
  weak.requests.length = 0;
  strong.always(defaultAnswer('strong'));
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url }, withCascade);
});

afterEach(() => gateway.close());

afterAll(async () => {
  await Promise.all([strong.close(), weak.close()]);
});

const chat = (body: unknown) => post(`${gateway.url}/v1/chat/completions`, body);
const tokens = (...logprobs: number[]) => ({
  content: logprobs.map((logprob) => ({ token: 'x', logprob, bytes: [120], top_logprobs: [] })),
  refusal: null,
});

/** Writes JSON with odd spaces and a number that a rewrite would change. */
function weakJson(content: string, logprobs: unknown, rest = ''): string {
  const message = `{"role":"assistant","content":${JSON.stringify(content)}${rest}}`;
  return (
    `{"id":"chatcmpl-1",  "model":"weak-model:7b","seed":12345678901234567890,"choices":[{"index":0,` +
    `"message":${message},"logprobs": ${JSON.stringify(logprobs)} ,"finish_reason":"stop"}],` +
    `"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}`
  );
}

const answerJson =
  (json: string): Script =>
  (res) => {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(json);
  };

const chunk = (delta: unknown, logprobs?: unknown, finish: string | null = null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    model: 'weak-model:7b',
    choices: [
      { index: 0, delta, ...(logprobs !== undefined && { logprobs }), finish_reason: finish },
    ],
  })}\n\n`;

const done = 'data: [DONE]\n\n';
const weakStream = (logprobs: readonly (number | undefined)[]) =>
  chunk({ role: 'assistant', content: '' }, logprobs[0] === undefined ? undefined : null) +
  logprobs
    .map((one, i) => chunk({ content: `w${i} ` }, one === undefined ? undefined : tokens(one)))
    .join('') +
  chunk({}, undefined, 'stop') +
  done;

function defaultAnswer(name: string): Script {
  return (res, seen) =>
    seen.body['stream'] === true
      ? sendStream(res, chunk({ content: `${name} says` }) + chunk({}, undefined, 'stop') + done)
      : completion(`${name} says`)(res, seen);
}

test('the share that the scores send to strong is the same after a restart: no escalation counts', async () => {
  weak.enqueue(answerJson(weakJson('hm', tokens(-0.9))));
  await chat(ask('0.3 hi'));
  const { headers } = await chat(ask('0.9 hi'));
  await waitForDecision(gateway.db, headers);
  const recent = async ({ url }: TestGateway) => {
    const { json } = await get(`${url}/health`);
    return (json['routers'] as { recent: unknown }[])[0]?.recent;
  };
  expect(await recent(gateway)).toEqual({ scores: 2, strong_share: 0.5 });
  const again = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) => ({
    ...withCascade(config),
    db: gateway.db,
  }));
  expect(await recent(again)).toEqual({ scores: 2, strong_share: 0.5 });
  await again.close();
});

describe('a weak answer in one piece', () => {
  test('that is sure of itself is sent, byte for byte but for the log-probabilities', async () => {
    weak.enqueue(answerJson(weakJson('fine', tokens(-0.1, -0.2))));
    const reply = await chat(ask('0.3 hi'));
    expect(reply.text).toBe(weakJson('fine', null));
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      ...{ 'x-pointsman-cascade': 'kept', 'x-pointsman-confidence': '-0.15' },
      ...{ 'x-pointsman-tier': 'weak', 'x-pointsman-reason': 'score' },
      'x-pointsman-attempts': '1',
    });
    expect(weak.requests[0]?.body).toMatchObject({ logprobs: true });
    expect(strong.requests).toEqual([]);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ tier: 'weak', reason: 'score', propensity: null });
    expect(row).toMatchObject({ discarded_cost_nano_usd: null, cost_nano_usd: 1_300_000 });
    expect(row['confidence']).toBeCloseTo(-0.15, 9);
  });

  test('that is not gives way to the strong one; what it cost is told', async () => {
    weak.enqueue(answerJson(weakJson('hm', tokens(-0.9, -0.7))));
    const reply = await chat(ask('0.3 hi'));
    expect(reply.text).toContain('strong says');
    expect(reply.text).not.toContain('hm');
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      ...{ 'x-pointsman-cascade': 'escalated', 'x-pointsman-confidence': '-0.8' },
      ...{ 'x-pointsman-tier': 'strong', 'x-pointsman-reason': 'cascade' },
      ...{ 'x-pointsman-model': 'strong-model:7b', 'x-pointsman-attempts': '2' },
      'x-pointsman-fallbacks': '0',
    });
    expect(strong.requests[0]?.body['logprobs']).toBeUndefined();
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({
      ...{ tier: 'strong', reason: 'cascade', score: 0.3, threshold: 0.5, propensity: null },
      ...{ upstream_model: 'strong-model:7b', attempts: 2, confidence: -0.8 },
      ...{ discarded_cost_nano_usd: 1_300_000, cost_nano_usd: 320_000 },
    });
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain('pointsman_cascade_total{result="escalated"} 1');
    expect(metrics).toContain('pointsman_discarded_cost_usd_total 0.0013');
  });

  test('counts by its first tokens alone, and no token for more than -20', async () => {
    weak.enqueue(answerJson(weakJson('a', tokens(-0.1, -0.1, -0.1, -0.1, -9, -9))));
    expect((await chat(ask('0.3 hi'))).headers.get('x-pointsman-cascade')).toBe('kept');
    weak.enqueue(answerJson(weakJson('b', tokens(-9999, -0.1, -0.1, -0.1))));
    const reply = await chat(ask('0.3 hi'));
    expect(reply.headers.get('x-pointsman-confidence')).toBe('-5.075');
  });

  test('keeps the log-probabilities that the client asked for itself', async () => {
    const json = weakJson('fine', tokens(-0.1));
    weak.enqueue(answerJson(json));
    const reply = await chat(ask('0.3 hi', { logprobs: true, top_logprobs: 2 }));
    expect(reply.text).toBe(json);
    expect(reply.headers.get('x-pointsman-cascade')).toBe('kept');
  });

  test('without log-probabilities stands', async () => {
    const toolCall = `,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\\"logprobs\\":[1]}"}}]`;
    for (const json of [weakJson('fine', null), weakJson('', null, toolCall)]) {
      weak.enqueue(answerJson(json));
      const reply = await chat(ask('0.3 hi'));
      expect(reply.text).toBe(json.replace(/\s,"finish/, ' ,"finish'));
      expect(reply.headers.get('x-pointsman-cascade')).toBe('unknown');
      expect(reply.headers.get('x-pointsman-confidence')).toBeNull();
      const row = await waitForDecision(gateway.db, reply.headers);
      expect(row).toMatchObject({ confidence: null, propensity: 1 });
    }
  });

  test('of an upstream that refuses the field comes without it, from then on at once', async () => {
    const refusal = { error: { message: 'logprobs: Extra inputs are not permitted' } };
    weak.enqueue(failure(400, refusal), completion('fine'), completion('fine'));
    const first = await chat(ask('0.3 hi'));
    expect(first.headers.get('x-pointsman-attempts')).toBe('2');
    expect(first.headers.get('x-pointsman-cascade')).toBe('unknown');
    expect((await chat(ask('0.3 hi'))).headers.get('x-pointsman-attempts')).toBe('1');
    expect(weak.requests.map(({ body }) => body['logprobs'])).toEqual([true, undefined, undefined]);
  });

  const refusal = failure(400, { error: { message: 'temperature too high', code: 'odd' } });

  test.each([
    ['refuses', refusal, 'bad_request'],
    ['fails', failure(500), 'upstream_error 500'],
    ['must be waited for', failure(429, {}, { 'retry-after': '30' }), 'upstream_rate_limited 429'],
  ])(
    'stands after all when the strong model %s, and is not paid twice',
    async (_, script, code) => {
      weak.enqueue(answerJson(weakJson('hm', tokens(-0.9, -0.7))));
      strong.enqueue(script);
      const reply = await chat(ask('0.3 hi'));
      expect([reply.status, reply.text]).toEqual([200, weakJson('hm', null)]);
      expect(Object.fromEntries(reply.headers)).toMatchObject({
        ...{ 'x-pointsman-cascade': 'failed', 'x-pointsman-confidence': '-0.8' },
        ...{ 'x-pointsman-tier': 'weak', 'x-pointsman-reason': 'score' },
        'x-pointsman-reason-detail': `strong model failed: ${code}`,
        ...{ 'x-pointsman-model': 'weak-model:7b', 'x-pointsman-attempts': '2' },
      });
      expect([weak.requests.length, strong.requests.length]).toEqual([1, 1]);
      const row = await waitForDecision(gateway.db, reply.headers);
      expect(row).toMatchObject({
        ...{ tier: 'weak', reason: 'score', outcome: 'done', status: 200, confidence: -0.8 },
        ...{ reason_detail: `strong model failed: ${code}`, failed_calls: `strong: ${code}` },
        ...{ upstream_model: 'weak-model:7b', deployment_id: 'weak', propensity: null },
        ...{ discarded_cost_nano_usd: null, cost_nano_usd: 1_300_000, attempts: 2, fallbacks: 0 },
      });
      expect(gateway.logLines.some((line) => line.includes('the weak answer stands'))).toBe(true);
      const health = await get(`${gateway.url}/health`);
      expect(health.json).toMatchObject({ deployments: [{ in_flight: 0 }, { in_flight: 0 }] });
    },
  );

  test('that fails falls back as ever, and the stand-in is not judged', async () => {
    weak.enqueue(failure(500));
    const reply = await chat(ask('0.3 hi'));
    expect(reply.text).toContain('strong says');
    expect(reply.headers.get('x-pointsman-cascade')).toBeNull();
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(strong.requests[0]?.body['logprobs']).toBeUndefined();
  });
});

describe('a weak stream', () => {
  const stream = (content: string, rest = {}) => chat(ask(content, { stream: true, ...rest }));

  test('that is sure of itself is sent whole, with no log-probabilities in it', async () => {
    const withNumbers = weakStream([-0.1, -0.1, -0.3, -0.1, -7, -7]);
    weak.enqueue((res) => sendStream(res, withNumbers));
    const reply = await stream('0.3 hi');
    expect(reply.text).toBe(
      withNumbers.replace(/"logprobs":\{.*?"refusal":null\}/g, '"logprobs":null'),
    );
    expect(reply.text).not.toContain('"logprob"');
    expect(reply.headers.get('x-pointsman-cascade')).toBe('kept');
    expect(reply.headers.get('x-pointsman-confidence')).toBe('-0.15');
    expect(strong.requests).toEqual([]);
  });

  test('that is not is ended after its first tokens, and nothing of it is sent', async () => {
    let isClosed = false;
    weak.enqueue((res) => {
      res.once('close', () => (isClosed = true));
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const one of [-2, -2, -2, -2]) res.write(chunk({ content: 'hm ' }, tokens(one)));
      // and never goes on
    });
    const reply = await stream('0.3 hi');
    expect(reply.text).toContain('strong says');
    expect(reply.text).toMatch(/\[DONE\]\n\n$/);
    expect(reply.text).not.toContain('hm');
    await expect.poll(() => isClosed).toBe(true);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ tier: 'strong', reason: 'cascade', confidence: -2, attempts: 2 });
    // Estimated: the counts would have come at the end.
    const promptTokens = Math.ceil(weak.requests[0]!.text.length / 4);
    expect(Number(row['discarded_cost_nano_usd'])).toBeGreaterThan(3 * 3 * 1000);
    expect(Number(row['discarded_cost_nano_usd'])).toBeLessThan(1000 * (promptTokens + 3 * 4));
    const { json } = await post(`${gateway.url}/v1/chat/completions`, ask('0.9 x'));
    expect(json['choices']).toBeDefined();
  });

  test('is decided by its end when it has fewer tokens', async () => {
    weak.enqueue((res) => sendStream(res, weakStream([-2, -2])));
    expect((await stream('0.3 hi')).headers.get('x-pointsman-cascade')).toBe('escalated');
    weak.enqueue((res) => sendStream(res, weakStream([-0.2])));
    expect((await stream('0.3 hi')).headers.get('x-pointsman-cascade')).toBe('kept');
  });

  test('without log-probabilities is not held back', async () => {
    let goOn = (): void => undefined;
    const going = new Promise<void>((resolve) => (goOn = resolve));
    weak.enqueue(async (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'first ' }));
      await going;
      res.end(chunk({ content: 'last' }) + chunk({}, undefined, 'stop') + done);
    });
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(ask('0.3 hi', { stream: true })),
      headers: { 'content-type': 'application/json' },
    });
    expect(response.headers.get('x-pointsman-cascade')).toBe('unknown');
    goOn();
    expect(await response.text()).toMatch(/first .*last/s);
  });

  test('of a tool call stands: it has no log-probabilities', async () => {
    const call = { index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '{}' } };
    const events =
      chunk({ role: 'assistant', tool_calls: [call] }, null) +
      chunk({}, undefined, 'tool_calls') +
      done;
    weak.enqueue((res) => sendStream(res, events));
    const reply = await stream('0.3 hi');
    expect(reply.text).toBe(events);
    expect(reply.headers.get('x-pointsman-cascade')).toBe('unknown');
  });

  test('that breaks off before the choice gives way to the strong one', async () => {
    weak.enqueue(async (res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(chunk({ content: 'fine' }, tokens(-0.1)));
      await sleep(20); // so that the bytes are read before the reset
      res.destroy();
    });
    const reply = await stream('0.3 hi');
    expect(reply.text).toContain('strong says');
    expect(reply.text).not.toContain('fine');
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      'x-pointsman-reason': 'cascade',
      'x-pointsman-reason-detail': 'weak answer broke off',
    });
  });

  test('that had its end stands when the strong model fails', async () => {
    weak.enqueue((res) => sendStream(res, weakStream([-2, -2])));
    strong.enqueue(failure(500));
    const reply = await stream('0.3 hi');
    expect(reply.text).toBe(
      weakStream([-2, -2]).replace(/"logprobs":\{.*?"refusal":null\}/g, '"logprobs":null'),
    );
    expect(reply.headers.get('x-pointsman-cascade')).toBe('failed');
    expect([weak.requests.length, strong.requests.length]).toEqual([1, 1]);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ tier: 'weak', failed_calls: 'strong: upstream_error 500' });
  });

  test('that was ended is asked for again when the strong model refuses the request', async () => {
    weak.enqueue(
      (res) => {
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        for (const one of [-2, -2, -2, -2]) res.write(chunk({ content: 'hm ' }, tokens(one)));
        // and never goes on
      },
      (res) => sendStream(res, chunk({ content: 'again' }) + chunk({}, undefined, 'stop') + done),
    );
    strong.enqueue(failure(400, { error: { message: 'temperature too high' } }));
    const reply = await stream('0.3 hi');
    expect([reply.status, reply.text.includes('again')]).toEqual([200, true]);
    expect(weak.requests.map(({ body }) => body['logprobs'])).toEqual([true, undefined]);
    expect(Object.fromEntries(reply.headers)).toMatchObject({
      ...{ 'x-pointsman-cascade': 'failed', 'x-pointsman-tier': 'weak' },
      'x-pointsman-attempts': '3',
    });
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ reason: 'score', failed_calls: 'strong: bad_request' });
    expect(row['discarded_cost_nano_usd']).toBeGreaterThan(0);
  });

  test('shows its usage chunk to the client that asked, and to no other', async () => {
    const usage = `data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4}}\n\n`;
    const events = weakStream([-0.1, -0.1, -0.1, -0.1]).replace(done, usage + done);
    weak.enqueue((res) => sendStream(res, events), (res) => sendStream(res, events)); // prettier-ignore
    expect((await stream('0.3 hi')).text).not.toContain('prompt_tokens');
    const reply = await stream('0.3 hi', { stream_options: { include_usage: true } });
    expect(reply.text).toContain(usage);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ prompt_tokens: 5, completion_tokens: 4, is_usage_estimated: 0 });
  });

  test('reads well in the OpenAI client', async () => {
    weak.enqueue((res) => sendStream(res, weakStream([-0.1, -0.1, -0.1, -0.1, -0.1])));
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'none' });
    const answer = await client.chat.completions.create({
      model: 'auto',
      stream: true,
      messages: [{ role: 'user', content: '0.3 hi' }],
    });
    let text = '';
    for await (const { choices } of answer) {
      text += choices[0]?.delta.content ?? '';
      expect(choices[0]?.logprobs ?? null).toBeNull();
    }
    expect(text).toBe('w0 w1 w2 w3 w4 ');
  });

  test.each(['weak', 'strong'] as const)(
    'ends when the client leaves while the %s one runs',
    async (running) => {
      let isClosed = false;
      const hang: Script = (res) => {
        res.once('close', () => (isClosed = true));
        res.writeHead(200, { 'content-type': 'text/event-stream' });
        if (running === 'weak') res.write(chunk({ content: 'hm ' }, tokens(-2)));
      };
      if (running === 'strong') {
        weak.enqueue((res) => sendStream(res, weakStream([-2, -2, -2, -2])));
        strong.enqueue(hang);
      } else weak.enqueue(hang);
      const leave = new AbortController();
      const asking = fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(ask('0.3 hi', { stream: true })),
        headers: { 'content-type': 'application/json' },
        signal: leave.signal,
      });
      const side = { weak, strong }[running];
      await expect.poll(() => side.requests.length).toBe(1);
      await sleep(20);
      leave.abort();
      await expect(asking).rejects.toThrow();
      await expect.poll(() => isClosed).toBe(true);
      if (running === 'weak') expect(strong.requests).toEqual([]);
      const health = await (await fetch(`${gateway.url}/health`)).json();
      expect(health).toMatchObject({
        deployments: [{ in_flight: 0 }, { in_flight: 0 }],
      });
    },
  );
});

test('the log has what pointsman cascade reads', async () => {
  weak.enqueue(
    answerJson(weakJson('fine', tokens(-0.1))),
    answerJson(weakJson('hm', tokens(-0.9))),
  );
  const ids: (string | null)[] = [];
  for (const prompt of ['0.3 sure', '0.4 unsure', '0.7 hard']) {
    const { headers } = await chat(ask(prompt));
    ids.push(headers.get('x-pointsman-decision-id'));
    await waitForDecision(gateway.db, headers);
  }
  const { router, router_version: version } = readLog(gateway.db)[0]!;
  const read = readCascadeRecords(gateway.db, router as string, version as string);
  expect(read.cascaded).toMatchObject([
    { decisionId: ids[1], score: 0.4, confidence: -0.9, isEscalated: true, isStream: false },
    { decisionId: ids[0], score: 0.3, confidence: -0.1, isEscalated: false, hasSignal: false },
  ]);
  expect(read.cascaded.map((each) => each.discardedCostNanoUsd)).toEqual([1_300_000, null]);
  expect(read.straight).toEqual([{ isStream: false, ttftMs: expect.any(Number) as number }]);

  const { exitCode, stdout, stderr } = await runCommand([
    'cascade',
    '--db',
    gateway.db,
    '--router',
    router as string,
  ]);
  expect(exitCode).toBe(2);
  expect(stdout).toContain('2 requests of');
  expect(stdout).toContain('1 (50.0%) were escalated');
  expect(stderr).toContain('explicit 0 of 50 (50 more)');
});

describe('no cascade', () => {
  test.each([
    ['a score that says strong', ask('0.9 hi'), 'strong'],
    ['a score below min_score', ask('0.1 hi'), 'weak'],
    ['a tier that the client named', ask('0.3 hi', { model: 'weak' }), 'weak'],
    ['several choices', ask('0.3 hi', { n: 2 }), 'weak'],
  ] as const)('for %s', async (_, body, tier) => {
    weak.enqueue(answerJson(weakJson('hm', null)));
    const reply = await chat(body);
    expect(reply.headers.get('x-pointsman-tier')).toBe(tier);
    expect(reply.headers.get('x-pointsman-cascade')).toBeNull();
    const { requests } = { weak, strong }[tier];
    expect(requests).toHaveLength(1);
    expect(requests[0]?.body['logprobs']).toBeUndefined();
  });
});
