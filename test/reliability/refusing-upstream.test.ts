import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/secret.ts';
import { ask, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  failure,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withTiers, type TestGateway } from '../support/start-gateway.ts';

const key = 'sk-canary-0987654321';
let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let elsewhere: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  [strong, weak, elsewhere] = await Promise.all([
    startScriptedUpstream(),
    startScriptedUpstream(),
    startScriptedUpstream(),
  ]);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) => {
    const keyed = withTiers(config, { weak: { apiKey: new Secret(key) } });
    return { ...keyed, dispatch: { ...keyed.dispatch, disableCooldowns: true } };
  });
});

beforeEach(() => {
  for (const upstream of [strong, weak, elsewhere]) upstream.requests.length = 0;
});

afterAll(async () => {
  expect(gateway.logLines.join('')).not.toContain(key);
  await gateway.close();
  await Promise.all([strong.close(), weak.close(), elsewhere.close()]);
});

const chat = (rest = {}) =>
  post(`${gateway.url}/v1/chat/completions`, ask('0.1 hi', { num_retries: 0, ...rest }));
const said = (message: string, code: string | null = null) => ({
  error: { message, type: 'invalid_request_error', param: null, code },
});

/** A failure that another model may mend. */
const mendable: [string, string, Script, number, string][] = [
  ['F5', '500', failure(500, said(`boom ${key}`)), 502, 'upstream_error'],
  ['F5', '502 with HTML', failure(502, '<html>bad</html>'), 502, 'upstream_error'],
  ['F5', '503', failure(503), 503, 'upstream_error'],
  ['F5', '504', failure(504), 502, 'upstream_error'],
  ['F6', '429', failure(429, said('slow down')), 429, 'upstream_rate_limited'],
  ['F7', '401', failure(401, said(`bad key ${key}`)), 502, 'upstream_auth_failed'],
  ['F7', '403', failure(403), 502, 'upstream_auth_failed'],
  ['F7', '402, no credit left', failure(402), 502, 'upstream_auth_failed'],
  [
    'F10',
    '404, model',
    failure(404, said('model "weak-model:7b" not found, try pulling it first')),
    502,
    'upstream_model_not_found',
  ],
  ['F10', '404, path', failure(404, '404 page not found'), 502, 'upstream_not_found'],
  ['F5', '405', failure(405, ''), 502, 'upstream_not_found'],
  ['F5', '408', failure(408), 504, 'upstream_timeout'],
  ['F12', 'HTML', failure(200, '<html></html>'), 502, 'upstream_invalid_response'],
  ['F12', 'an empty body', failure(200, ''), 502, 'upstream_invalid_response'],
  ['F12', 'half a JSON', failure(200, '{"choices":['), 502, 'upstream_invalid_response'],
  [
    'F12',
    'native JSON',
    failure(200, { response: 'x', done: true }),
    502,
    'upstream_invalid_response',
  ],
  ['F12', 'choices: []', failure(200, { choices: [] }), 502, 'upstream_invalid_response'],
  [
    'F12',
    'no content (204)',
    (res) => void res.writeHead(204).end(),
    502,
    'upstream_invalid_response',
  ],
  [
    'F12',
    'a packed body',
    failure(200, 'packed', { 'content-encoding': 'gzip' }),
    502,
    'upstream_invalid_response',
  ],
  ['F19', '200 with an error', failure(200, said(`no memory ${key}`)), 502, 'upstream_error'],
];

describe.each(mendable)('%s: %s', (_id, _what, script, status, code) => {
  test('the other model answers', async () => {
    weak.enqueue(script);
    const reply = await chat();
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-attempts')).toBe('2');
    expect([weak.requests.length, strong.requests.length]).toEqual([1, 1]);
  });

  test('without another one the cause is told, in our words, without the key', async () => {
    weak.enqueue(script);
    const reply = await chat({ disable_fallbacks: true });
    expect(reply.status).toBe(status);
    expect(reply.json).toMatchObject({ error: { code } });
    expect(reply.text).not.toMatch(/canary|boom|<html>/);
    expect(weak.requests).toHaveLength(1);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ status, error_code: code, attempts: 1 });
  });
});

describe('F8: what the upstream says of the client’s parameters', () => {
  test.each([
    [400, said('temperature must be at most 2', 'invalid_value')],
    [422, { detail: [{ msg: 'field required' }] }],
    [400, 'plain text'],
  ])('%d is passed on, asked of nobody else', async (status, body) => {
    weak.enqueue(failure(status, body));
    const reply = await chat();
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(reply.headers.get('x-pointsman-attempts')).toBe('1');
    expect(strong.requests).toHaveLength(0);
  });
});

describe('F9: a prompt that is too long for the model', () => {
  test.each([
    [
      'OpenAI',
      said(
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        'context_length_exceeded',
      ),
    ],
    [
      'newer OpenAI',
      said('Your input exceeds the context window of this model.', 'context_length_exceeded'),
    ],
    ['Ollama', said('the input length exceeds the context length')],
    [
      'vLLM',
      {
        object: 'error',
        message: "This model's maximum context length is 4096 tokens.",
        type: 'BadRequestError',
        param: null,
        code: 400,
      },
    ],
    [
      'llama.cpp',
      {
        error: {
          code: 400,
          message:
            'the request exceeds the available context size. try increasing the context size or enable context shift',
          type: 'exceed_context_size_error',
        },
      },
    ],
    ['Anthropic by a proxy', said('prompt is too long: 210000 tokens > 200000 maximum')],
  ])('in the words of %s: a larger model is asked; else the same code', async (_who, body) => {
    weak.enqueue(failure(400, body));
    const mended = await chat();
    expect(mended.status).toBe(200);
    expect(strong.requests).toHaveLength(1);
    weak.enqueue(failure(400, body));
    const alone = await chat({ disable_fallbacks: true });
    expect(alone.status).toBe(400);
    expect(alone.json).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });
});

describe('F11: a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%d to another host is not followed', async (status) => {
    weak.enqueue(failure(status, '', { location: `${elsewhere.url}/v1/chat/completions` }));
    const reply = await chat({ disable_fallbacks: true });
    expect(reply.status).toBe(502);
    expect(reply.json).toMatchObject({ error: { code: 'upstream_redirect' } });
    expect(elsewhere.requests).toHaveLength(0);
    expect(weak.requests[0]?.headers['authorization']).toBe(`Bearer ${key}`);
  });
});

describe('F6: the wait that an upstream asks for', () => {
  test.each([
    ['retry-after', '7', '7'],
    ['retry-after-ms', '1500', '1500'],
    ['retry-after', 'Wed, 21 Oct 2099 07:28:00 GMT', 'Wed, 21 Oct 2099 07:28:00 GMT'],
    ['retry-after', '-1', null],
    ['retry-after', '99999', null],
    ['retry-after', 'abc', null],
  ])('%s: %s is passed on as %s', async (name, value, passed) => {
    weak.enqueue(failure(429, said('slow down'), { [name]: value }));
    const reply = await chat({ disable_fallbacks: true });
    expect(reply.status).toBe(429);
    expect(reply.headers.get(name)).toBe(passed);
    expect(reply.headers.get('x-should-retry')).toBe(passed === null ? 'false' : null);
  });

  test('alone: waited for, then asked again', async () => {
    weak.enqueue(failure(429, said('slow down'), { 'retry-after-ms': '50' }));
    const reply = await chat({ disable_fallbacks: true, num_retries: 1 });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-attempts')).toBe('2');
  });
});
