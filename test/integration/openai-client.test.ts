import OpenAI, {
  APIUserAbortError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
} from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  failure,
  sendStream,
  startScriptedUpstream,
  streamOf,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any' });
});

beforeEach(() => {
  upstream.requests.length = 0;
  upstream.closed.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const messages = [{ role: 'user' as const, content: '0.9 prove it' }];
const tools = [
  { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } },
];

test('plain', async () => {
  const { data, response } = await client.chat.completions
    .create({ model: 'auto', messages })
    .withResponse();
  expect(data.choices[0]?.message.content).toBe('Hello world');
  expect(data.model).toBe('strong-model:7b');
  expect(response.headers.get('x-pointsman-tier')).toBe('strong');
});

test('streaming, with the usage it asks for', async () => {
  const stream = await client.chat.completions.create({
    ...{ model: 'router-mf-0.95', messages, stream: true },
    stream_options: { include_usage: true },
  });
  let text = '';
  let tokens = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    tokens = chunk.usage?.total_tokens ?? tokens;
    expect(chunk.model).toBe('weak-model:7b');
  }
  expect([text, tokens]).toEqual(['Hello world', 18]);
});

test('tools: the request’s reach the upstream, the answer’s reach the client in pieces', async () => {
  const call = (part: object) => ({ tool_calls: [{ index: 0, ...part }] });
  const deltas = [
    call({ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '' } }),
    call({ function: { arguments: '{"city":' } }),
    call({ function: { arguments: '"Köln"}' } }),
  ];
  upstream.enqueue((res) => sendStream(res, streamOf('strong-model:7b', deltas, true)));
  const runner = client.chat.completions.stream({ model: 'auto', messages, tools });
  const message = await runner.finalMessage();
  expect(message.tool_calls?.[0]).toMatchObject({
    id: 'call_1',
    function: { name: 'weather', arguments: '{"city":"Köln"}' },
  });
  expect(upstream.requests[0]?.body['tools']).toEqual(tools);
});

test('the model list', async () => {
  const ids: string[] = [];
  for await (const model of client.models.list()) ids.push(model.id);
  expect(ids).toContain('router-mf');
  expect((await client.models.retrieve('strong-model:7b')).id).toBe('strong-model:7b');
});

test('errors map to the client’s own classes', async () => {
  await expect(client.chat.completions.create({ model: 'gpt-4', messages })).rejects.toThrow(
    NotFoundError,
  );
  await expect(
    client.chat.completions.create({ model: 'auto', messages: [] }),
  ).rejects.toMatchObject({ constructor: BadRequestError, param: 'messages' });
});

test('a failed upstream is asked once: the client is told not to retry', async () => {
  upstream.enqueue(failure(500));
  await expect(client.chat.completions.create({ model: 'auto', messages })).rejects.toThrow(
    InternalServerError,
  );
  expect(upstream.requests).toHaveLength(1);
});

test('a truncated stream raises instead of looking complete', async () => {
  const text = streamOf('m', [{ content: 'one' }], false);
  upstream.enqueue((res) => sendStream(res, text.slice(0, text.lastIndexOf('data: {'))));
  const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true });
  const read = async () => {
    for await (const chunk of stream) expect(chunk.choices).toHaveLength(1);
  };
  await expect(read()).rejects.toThrow(/before the answer was complete/);
});

test('abort reaches the upstream', async () => {
  upstream.enqueue(() => {});
  const controller = new AbortController();
  const pending = client.chat.completions.create(
    { model: 'auto', messages },
    { signal: controller.signal },
  );
  await expect.poll(() => upstream.requests.length).toBe(1);
  controller.abort();
  await expect(pending).rejects.toThrow(APIUserAbortError);
  await upstream.closed[0];
});
