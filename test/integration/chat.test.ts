import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { ask, get, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  completion,
  failure,
  startScriptedUpstream,
  type ScriptedUpstream,
  streamOf,
  streamText,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url });
});

beforeEach(() => {
  strong.requests.length = 0;
  weak.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

describe('each tier on a base URL of its own', () => {
  test('a score at the threshold goes to the strong model, below it to the weak one', async () => {
    const hard = await post(`${gateway.url}/v1/chat/completions`, ask('0.5 prove it'));
    const easy = await post(`${gateway.url}/v1/chat/completions`, ask('0.49 say hi'));
    expect([strong.requests.length, weak.requests.length]).toEqual([1, 1]);
    expect(hard.status).toBe(200);
    expect(hard.json['model']).toBe('strong-model:7b');
    expect(Object.fromEntries(hard.headers)).toMatchObject({
      'x-pointsman-tier': 'strong',
      'x-pointsman-model': 'strong-model:7b',
      'x-pointsman-router': 'mf',
      'x-pointsman-score': '0.5',
      'x-pointsman-threshold': '0.5',
      'x-pointsman-reason': 'score',
      'x-pointsman-attempts': '1',
    });
    expect(hard.headers.get('x-pointsman-decision-id')).toMatch(/^dec_/);
    expect(Number(hard.headers.get('x-pointsman-overhead-ms'))).toBeGreaterThan(0);
    expect(easy.headers.get('x-pointsman-tier')).toBe('weak');
  });

  test('the threshold in the model name decides, 0 always strong, above the score weak', async () => {
    for (const [model, tier] of [
      ['router-mf-0', 'strong'],
      ['router-mf-0.116', 'strong'],
      ['router-mf-1', 'weak'],
      ['router@0.31', 'weak'],
    ] as const) {
      const reply = await post(`${gateway.url}/v1/chat/completions`, ask('0.3 hm', { model }));
      expect(reply.headers.get('x-pointsman-tier'), model).toBe(tier);
    }
  });

  test('without the /v1 prefix it is the same route', async () => {
    const reply = await post(`${gateway.url}/chat/completions`, ask('hi'));
    expect(reply.status).toBe(200);
  });
});

describe('what goes upstream', () => {
  test('is the client’s own text with the model replaced: nothing lost, nothing injected', async () => {
    const body =
      '{"model":"auto","big":12345678901234567890,"messages":[{"role":"user","content":' +
      '[{"type":"text","text":"0.9 what is this?"},{"type":"image_url","image_url":{"url":"data:x"}}]},' +
      '{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":' +
      '{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"3"}],' +
      '"tools":[{"type":"function","function":{"name":"f","parameters":{"api_key":{}}}}],' +
      '"tool_choice":{"type":"function","function":{"name":"f"}},"x_unknown":{"a":[1,null]},' +
      '"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}}}';
    const reply = await post(`${gateway.url}/v1/chat/completions`, body);
    expect(reply.status).toBe(200);
    expect(strong.requests[0]?.text).toBe(body.replace('"auto"', '"strong-model:7b"'));
    expect(strong.requests[0]?.path).toBe('/v1/chat/completions');
  });

  test('carries no header of the client but the request id', async () => {
    await post(`${gateway.url}/v1/chat/completions`, ask('hi'), {
      authorization: 'Bearer client-key',
      cookie: 'a=b',
      'x-request-id': 'my-id.1',
      'x-forwarded-host': 'evil',
    });
    const headers = weak.requests[0]?.headers ?? {};
    expect(headers['authorization']).toBeUndefined();
    expect(headers['cookie']).toBeUndefined();
    expect(headers['x-forwarded-host']).toBeUndefined();
    expect(headers['x-request-id']).toBe('my-id.1');
    expect(headers['host']).toBe(new URL(weak.url).host);
  });

  test('AT-09: a key is sent only where one is configured', async () => {
    const keyed = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) =>
      withTiers(config, { strong: { apiKey: new Secret('ollama') } }),
    );
    await post(`${keyed.url}/v1/chat/completions`, ask('0.9'));
    await post(`${keyed.url}/v1/chat/completions`, ask('0.1'));
    await keyed.close();
    expect(strong.requests[0]?.headers['authorization']).toBe('Bearer ollama');
    expect(weak.requests[0]?.headers['authorization']).toBeUndefined();
  });
});

describe('bypass', () => {
  test.each([
    ['strong', 'strong'],
    ['weak', 'weak'],
    ['strong-model:7b', 'strong'],
    ['weak-model:7b', 'weak'],
  ])('%s goes to the %s model unscored and is logged as such', async (model, tier) => {
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('0.5 x', { model }));
    expect(reply.headers.get('x-pointsman-tier')).toBe(tier);
    expect(reply.headers.get('x-pointsman-score')).toBeNull();
    expect(reply.headers.get('x-pointsman-reason')).toBe('bypass');
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ reason: 'bypass', tier, requested_model: model, score: null });
  });
});

describe('the decision fails open', () => {
  test('AT-11: a failing embedder means the default tier, with the reason, counted', async () => {
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('embedding fails'));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-reason')).toBe('embedding_failed');
    expect(reply.headers.get('x-pointsman-tier')).toBe('strong');
    const health = await get(`${gateway.url}/health`);
    expect(health.json).toMatchObject({ status: 'online', embedding_failures: 1 });
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ reason: 'embedding_failed', score: null, status: 200 });
  });

  test('an image alone is answered by the default tier', async () => {
    const image = [{ type: 'image_url', image_url: { url: 'data:x' } }];
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask(image));
    expect(reply.headers.get('x-pointsman-reason')).toBe('no_text');
    expect(reply.status).toBe(200);
  });
});

describe('the log row', () => {
  test('says who asked what, who answered, how long it took and what it cost', async () => {
    const priced = await startTestGateway({ strong: strong.url }, (config) => ({
      ...withTiers(config, { strong: { price: { inputPerMtok: 2, outputPerMtok: 10 } } }),
      logPrompts: 'full',
    }));
    const reply = await post(`${priced.url}/v1/chat/completions`, ask('0.8 why?'), {
      'x-stainless-retry-count': '1',
    });
    const row = await waitForDecision(priced.db, reply.headers);
    await priced.close();
    expect(row).toMatchObject({
      decision_id: reply.headers.get('x-pointsman-decision-id'),
      request_id: reply.headers.get('x-request-id'),
      router: 'mf',
      score: 0.8,
      threshold: 0.5,
      tier: 'strong',
      reason: 'score',
      requested_model: 'auto',
      answered_model: 'strong-model:7b',
      upstream_url: `${strong.url}/v1/chat/completions`,
      status: 200,
      outcome: 'done',
      finish_reason: 'stop',
      prompt_tokens: 11,
      completion_tokens: 7,
      is_usage_estimated: 0,
      cost_nano_usd: 1000 * (11 * 2 + 7 * 10),
      prompt_text: '0.8 why?',
      attempts: 1,
      client_retry_count: 1,
    });
  });

  test.each([
    ['OpenAI', { prompt_tokens_details: { cached_tokens: 8 } }, 8],
    ['DeepSeek', { prompt_cache_hit_tokens: 8, prompt_cache_miss_tokens: 3 }, 8],
    [
      'both, one without a count',
      { prompt_tokens_details: { audio_tokens: 0 }, prompt_cache_hit_tokens: 8 },
      8,
    ],
    ['none', { prompt_tokens_details: { cached_tokens: 0 } }, 0],
    ['more than the prompt', { prompt_tokens_details: { cached_tokens: 50 } }, 11],
    ['no count', { prompt_tokens_details: null }, null],
  ])(
    'counts and prices what the upstream had cached of the prompt: %s',
    async (_, more, cached) => {
      const price = { inputPerMtok: 2, outputPerMtok: 10, cachedInputPerMtok: 0.5 };
      const priced = await startTestGateway({ strong: strong.url }, (config) =>
        withTiers(config, { strong: { price } }),
      );
      const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18, ...more };
      strong.enqueue(completion('because', { usage }));
      const reply = await post(`${priced.url}/v1/chat/completions`, ask('0.8 why?'));
      const row = await waitForDecision(priced.db, reply.headers);
      await priced.close();
      const saved = (cached ?? 0) * 1.5;
      expect(row).toMatchObject({
        cached_tokens: cached,
        cost_nano_usd: 1000 * (11 * 2 + 7 * 10 - saved),
      });
    },
  );

  test('marks usage that the upstream did not report as estimated', async () => {
    weak.enqueue(completion('four five six seven', { usage: undefined }));
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ is_usage_estimated: 1, completion_tokens: 5, cost_nano_usd: null });
    expect(row['prompt_text']).toBeNull();
    expect(row['prompt_sha256']).toBeNull();
  });
});

describe('GET /v1/models', () => {
  test('lists routers, tiers and real names without asking an upstream', async () => {
    for (const path of ['/v1/models', '/models']) {
      const { json } = await get(gateway.url + path);
      const data = json['data'] as { id: string; object: string }[];
      expect(data.map((model) => model.id)).toEqual([
        ...['auto', 'router', 'router-mf', 'strong', 'weak', 'strong-model:7b', 'weak-model:7b'],
      ]);
      expect(data[0]).toMatchObject({ object: 'model', owned_by: 'pointsman' });
    }
    expect(strong.requests.length + weak.requests.length).toBe(0);
  });

  test('retrieves one by id, colons and slashes encoded or not', async () => {
    expect((await get(`${gateway.url}/v1/models/strong-model%3A7b`)).json['id']).toBe(
      'strong-model:7b',
    );
    expect((await get(`${gateway.url}/v1/models/router-mf-0.5`)).status).toBe(200);
    const missing = await get(`${gateway.url}/v1/models/hf.co/x/y`);
    expect(missing.status).toBe(404);
    expect(missing.json).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  });
});

describe('health', () => {
  test('livez, readyz and RouteLLM’s health contract', async () => {
    expect((await get(`${gateway.url}/livez`)).status).toBe(200);
    expect((await get(`${gateway.url}/readyz`)).json).toEqual({ status: 'ready' });
    expect((await get(`${gateway.url}/health`)).json).toMatchObject({ status: 'online' });
  });
});

describe('POST /v1/router/score', () => {
  test('decides and explains without calling a model', async () => {
    const reply = await post(`${gateway.url}/v1/router/score`, { prompt: '0.7 why' });
    expect(reply.json).toMatchObject({
      tier: 'strong',
      model: 'strong-model:7b',
      score: 0.7,
      threshold: 0.5,
      threshold_origin: 'default',
      router: 'mf',
    });
    const named = await post(`${gateway.url}/v1/router/score`, ask('0.7', { model: 'router@0.8' }));
    expect(named.json).toMatchObject({ tier: 'weak', threshold_origin: 'request' });
    expect(strong.requests.length + weak.requests.length).toBe(0);
  });

  test.each([
    [{}, 'messages'],
    [{ prompt: 3 }, 'prompt'],
    [{ prompt: '' }, 'prompt'],
    [{ messages: [] }, 'messages'],
    [{ prompt: 'x', messages: [] }, 'prompt'],
    [{ prompt: 'x', model: 3 }, 'model'],
  ])('%j is a 400 that names %s', async (body, param) => {
    const reply = await post(`${gateway.url}/v1/router/score`, body);
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { type: 'invalid_request_error', param } });
  });
});

describe('feedback', () => {
  test('is stored per decision and source, the last word stays', async () => {
    const url = `${gateway.url}/v1/router/feedback`;
    const chat = await post(`${gateway.url}/v1/chat/completions`, ask('hi'));
    const decision_id = chat.headers.get('x-pointsman-decision-id') ?? '';
    expect((await post(url, { decision_id, value: false })).status).toBe(200);
    expect((await post(url, { decision_id, value: true, comment: 'fine' })).status).toBe(200);
    expect((await post(url, { decision_id, value: 0.25, source: 'judge' })).status).toBe(200);
    const { json } = await get(`${url}/${decision_id}`);
    expect(json).toMatchObject({
      decision_id,
      feedback: [
        { source: 'user', value: 1, comment: 'fine' },
        { source: 'judge', value: 0.25, comment: null },
      ],
    });
  });

  test('of an answer that is still being sent is a 409, and is taken when it has ended', async () => {
    const url = `${gateway.url}/v1/router/feedback`;
    let end = () => {};
    weak.enqueue((res) => {
      const [first = '', ...rest] = streamOf('m', [{ content: 'Hello' }], false).split(/(?<=\n\n)/);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(first + (rest.shift() ?? ''));
      end = () => res.end(rest.join(''));
    });
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(ask('hi', { stream: true })),
    });
    const decision_id = answer.headers.get('x-pointsman-decision-id') ?? '';
    const early = await post(url, { decision_id, value: true });
    expect(early.status).toBe(409);
    expect(early.json).toMatchObject({ error: { code: 'decision_running' } });
    expect(early.headers.get('retry-after')).toBe('1');
    const looked = await get(`${url}/${decision_id}`);
    expect([looked.status, looked.json]).toEqual([409, early.json]);
    end();
    await answer.text();
    expect((await post(url, { decision_id, value: true })).status).toBe(200);
  });

  test('of an unknown decision is a 404', async () => {
    const url = `${gateway.url}/v1/router/feedback`;
    const reply = await post(url, { decision_id: 'dec_nope', value: 1 });
    expect(reply.status).toBe(404);
    expect(reply.json).toMatchObject({ error: { code: 'decision_not_found' } });
    expect((await get(`${url}/dec_nope`)).status).toBe(404);
  });

  test.each([
    [{ value: 1 }, 'decision_id', 'decision_id is missing: it must be a text.'],
    [{ decision_id: 'x' }, 'value', 'value must be true, false or a number from 0 to 1.'],
    [
      { decision_id: 'x', value: 1.5 },
      'value',
      'value must be true, false or a number from 0 to 1.',
    ],
    [
      { decision_id: 'x', value: 'good' },
      'value',
      'value must be true, false or a number from 0 to 1.',
    ],
    [{ decision_id: 7, value: 1 }, 'decision_id', 'decision_id is 7: it must be a text.'],
    // What a user wrote is never repeated: messages may be logged.
    ...['private '.repeat(2000), ['private']].map((comment): [object, string, string] => [
      { decision_id: 'x', value: 1, comment },
      'comment',
      'comment must be a text of 10000 characters at most.',
    ]),
    [
      { decision_id: 'x', value: 1, rating: 3 },
      'rating',
      '"rating" is not a field of the feedback; known: decision_id, value, source, comment.',
    ],
  ])('%j is a 400 that names %s', async (body, param, message) => {
    const reply = await post(`${gateway.url}/v1/router/feedback`, body);
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { param, message } });
  });
});

test.each([false, true])(
  "the upstream's rate limits and time go with its answer, nothing else of its headers: stream %s",
  async (stream) => {
    const passed = {
      'openai-processing-ms': '42',
      'x-ratelimit-remaining-requests': '9',
      'x-ratelimit-reset-tokens': '6m0s',
      'retry-after': '3',
    };
    weak.enqueue((res, seen) => {
      for (const [name, value] of Object.entries(passed)) res.setHeader(name, value);
      res.setHeader('openai-organization', 'org-1').setHeader('set-cookie', 'a=b');
      return (stream ? streamText('hi') : completion('hi'))(res, seen);
    });
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask('0.1 hi', { stream }));
    expect(reply.status).toBe(200);
    expect(Object.fromEntries(reply.headers)).toMatchObject(passed);
    expect(reply.headers.has('openai-organization')).toBe(false);
    expect(reply.headers.has('set-cookie')).toBe(false);
  },
);

test("an upstream's rate limits go with its 429, its wait only if it makes sense", async () => {
  const limits = { 'openai-processing-ms': '42', 'x-ratelimit-remaining-requests': '0' };
  for (const upstream of [strong, weak]) {
    upstream.enqueue(failure(429, {}, { ...limits, 'retry-after': '9999999', 'set-cookie': 'a' }));
  }
  const request = ask('0.1 hi', { num_retries: 0 });
  const reply = await post(`${gateway.url}/v1/chat/completions`, request);
  expect(reply.status).toBe(429);
  expect(Object.fromEntries(reply.headers)).toMatchObject(limits);
  expect(reply.headers.has('retry-after')).toBe(false);
  expect(reply.headers.has('set-cookie')).toBe(false);
});

test('a completion with status 201 is one', async () => {
  const choices = [{ index: 0, message: { role: 'assistant', content: 'made' } }];
  weak.enqueue(failure(201, { choices }));
  const reply = await post(`${gateway.url}/v1/chat/completions`, ask('0.1 hi'));
  expect([reply.status, reply.headers.get('x-pointsman-attempts')]).toEqual([200, '1']);
});
