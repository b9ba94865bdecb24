import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  completion,
  failure,
  sendStream,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

const usage = { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 };

/** A text completion as OpenAI's legacy endpoint sends it, whole or as a stream. */
const textCompletion: Script = (res, { body }) => {
  const part = (text: string, finish_reason: string | null, rest = {}) => ({
    ...{ id: 'cmpl-1', object: 'text_completion', created: 1_700_000_000, model: body['model'] },
    ...{ choices: [{ index: 0, text, logprobs: null, finish_reason }], ...rest },
  });
  if (body['stream'] !== true) {
    res.writeHead(200, { 'content-type': 'application/json' });
    res.end(JSON.stringify(part('return a + b', 'stop', { usage })));
    return;
  }
  const options = body['stream_options'] as { include_usage?: boolean } | undefined;
  const chunks: unknown[] = [part('return', null), part(' a + b', 'stop')];
  if (options?.include_usage) chunks.push({ ...part('', null), choices: [], usage });
  const events = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  sendStream(res, `${events.join('')}data: [DONE]\n\n`);
};

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  strong.always(textCompletion);
  weak.always(textCompletion);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any' });
});

beforeEach(() => {
  strong.requests.length = 0;
  weak.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const complete = (body: unknown) => post(`${gateway.url}/v1/completions`, body);

describe('POST /v1/completions', () => {
  test('routes the prompt and passes the request on as it came', async () => {
    const request =
      '{"model":"auto", "prompt":["0.9 def add(a, b):"],"suffix":"\\n","seed":12345678901234567890}';
    const reply = await complete(request);
    expect(reply.status).toBe(200);
    expect(reply.json['choices']).toMatchObject([{ text: 'return a + b' }]);
    expect(reply.headers.get('x-pointsman-tier')).toBe('strong');
    expect(reply.headers.get('x-pointsman-score')).toBe('0.9');
    expect(strong.requests).toMatchObject([{ path: '/v1/completions' }]);
    expect(strong.requests[0]?.text).toBe(request.replace('"auto"', '"strong-model:7b"'));
    expect(await waitForDecision(gateway.db, reply.headers)).toMatchObject({
      ...{ endpoint: 'completions', tier: 'strong', score: 0.9, outcome: 'done' },
      ...{ prompt_tokens: 5, completion_tokens: 3 },
      upstream_url: `${strong.url}/v1/completions`,
    });
  });

  test('streams, without the usage that only the log asked for', async () => {
    const reply = await complete({ model: 'auto', prompt: '0.1 def', stream: true });
    expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reply.text.match(/"text":"[^"]*"/g)).toEqual(['"text":"return"', '"text":" a + b"']);
    expect(reply.text).not.toContain('usage');
    expect(reply.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect((await waitForDecision(gateway.db, reply.headers))['completion_tokens']).toBe(3);
  });

  test('the other tier stands in, and a cut stream ends in an error', async () => {
    weak.enqueue(failure(500));
    const reply = await complete({ model: 'auto', prompt: 'x' });
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    weak.enqueue((res) => {
      const choices = [{ index: 0, text: 'ret', finish_reason: null }];
      sendStream(res, `data: ${JSON.stringify({ choices })}\n\n`);
    });
    const cut = await complete({ model: 'weak', prompt: 'x', stream: true });
    expect(cut.text).toContain('"stream_truncated"');
    expect(cut.text).not.toContain('[DONE]');
  });

  test('without text the default tier answers', async () => {
    const reply = await complete({ model: 'auto', prompt: '' });
    expect(reply.headers.get('x-pointsman-reason')).toBe('no_text');
  });

  test('the official client, plain and as a stream', async () => {
    const request = { model: 'auto', prompt: '0.1 def add(a, b):' };
    const whole = await client.completions.create(request);
    expect(whole.choices[0]?.text).toBe('return a + b');
    let text = '';
    for await (const chunk of await client.completions.create({ ...request, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe('return a + b');
  });
});

describe('a request that is none', () => {
  test.each([
    [{ prompt: 'x' }, 'model', /must be a string/],
    [{ model: 'auto' }, 'prompt', /must be a string/],
    [{ model: 'auto', prompt: 3 }, 'prompt', /must be a string/],
    [{ model: 'auto', prompt: [] }, 'prompt', /must be a string/],
    [{ model: 'auto', prompt: [1, 2, 3] }, 'prompt', /token ids cannot be routed/],
    [{ model: 'auto', prompt: [[1, 2]] }, 'prompt', /token ids cannot be routed/],
    [{ model: 'auto', prompt: ['a', 'b'] }, 'prompt', /one prompt a request/],
    [{ model: 'auto', messages: [] }, 'messages', /use POST \/v1\/chat\/completions/],
    [{ model: 'auto', prompt: 'x', messages: [] }, 'messages', /\/v1\/chat\/completions/],
    [{ model: 'auto', prompt: 'x', api_base: 'http://evil' }, 'api_base', /not accepted/],
    [{ model: 'auto', prompt: 'x', extra: [{ api_key: 'x' }] }, 'extra[0].api_key', /not accepted/],
  ])('%j: 400 that names %s', async (body, param, message) => {
    const reply = await complete(body);
    expect(reply.status).toBe(400);
    expect(reply.json['error']).toMatchObject({ param, type: 'invalid_request_error' });
    expect((reply.json['error'] as { message: string }).message).toMatch(message);
    expect(strong.requests.length + weak.requests.length).toBe(0);
  });
});

describe('F10: an upstream without that endpoint', () => {
  const said = (message: string) => ({ error: { message, type: 'invalid_request_error' } });

  /** Two upstreams of which the one refuses text completions, and the other answers them. */
  async function startWithRefusing(tier: 'strong' | 'weak', refusal: Script) {
    const [refusing, other] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
    other.always(textCompletion);
    refusing.always((res, seen) =>
      (seen.path.endsWith('/chat/completions') ? completion('hi') : refusal)(res, seen),
    );
    const urls = { strong: other.url, weak: other.url, [tier]: refusing.url };
    const own = await startTestGateway(urls);
    onTestFinished(async () => {
      await own.close();
      await Promise.all([refusing.close(), other.close()]);
    });
    return { refusing, other, url: own.url };
  }

  test.each([
    ['404, path', failure(404, said('Unknown request URL: POST /v1/completions'))],
    [
      '404, OpenAI of a chat model',
      failure(404, said('This is a chat model and not supported in the v1/completions endpoint.')),
    ],
    ['405', failure(405, '')],
  ])('%s: fails that request alone, and names the endpoint', async (_name, refusal) => {
    const { refusing, url } = await startWithRefusing('weak', refusal);
    const request = { model: 'weak', prompt: 'x', disable_fallbacks: true };
    for (let i = 0; i < 6; i++) {
      const reply = await post(`${url}/v1/completions`, request);
      expect(reply.status).toBe(404);
      expect(reply.json['error']).toMatchObject({ code: 'upstream_endpoint_not_found' });
      expect(reply.text).toMatch(
        /no \/completions for weak-model:7b.*; use \/v1\/chat\/completions/,
      );
    }
    expect(refusing.requests).toHaveLength(6);
    const chat = await post(`${url}/v1/chat/completions`, ask('0.1 hi'));
    expect([chat.status, chat.headers.get('x-pointsman-attempts')]).toEqual([200, '1']);
  });

  test('the other tier stands in, where it has one', async () => {
    const { refusing, url } = await startWithRefusing('strong', failure(404, 'Not Found'));
    const reply = await post(`${url}/v1/completions`, { model: 'auto', prompt: '0.9 prove' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(refusing.requests).toHaveLength(1);
  });

  test('a model that is not there is still a model that is not there', async () => {
    const refusal = failure(404, said('model "weak-model:7b" not found, try pulling it first'));
    const { url } = await startWithRefusing('weak', refusal);
    const request = { model: 'weak', prompt: 'x', disable_fallbacks: true };
    const reply = await post(`${url}/v1/completions`, request);
    expect(reply.json['error']).toMatchObject({ code: 'upstream_model_not_found' });
  });
});
