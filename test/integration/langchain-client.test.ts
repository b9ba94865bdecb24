import { AIMessageChunk } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  completion,
  failure,
  sendStream,
  startScriptedUpstream,
  streamOf,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
});

beforeEach(() => {
  upstream.requests.length = 0;
  upstream.closed.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const question = '0.9 prove it';
const weather = {
  type: 'function' as const,
  function: { name: 'weather', description: 'now', parameters: { type: 'object' } },
};

function model(fields: { model?: string; maxRetries?: number } = {}): ChatOpenAI {
  const configuration = { baseURL: `${gateway.url}/v1` };
  return new ChatOpenAI({ model: 'auto', apiKey: 'any', maxRetries: 0, configuration, ...fields });
}

test('plain', async () => {
  const message = await model().invoke(question);
  expect(message.content).toBe('Hello world');
  expect(message.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  expect(message.response_metadata['model_name']).toBe('strong-model:7b');
});

test('stream', async () => {
  let whole: AIMessageChunk | null = null;
  for await (const chunk of await model().stream(question)) {
    whole = whole === null ? chunk : whole.concat(chunk);
  }
  expect(whole?.content).toBe('Hello world');
  expect(whole?.response_metadata['finish_reason']).toBe('stop');
});

test('tools: there, back in one piece, back in pieces', async () => {
  const toolCall = {
    ...{ id: 'call_1', type: 'function' },
    function: { name: 'weather', arguments: '{"city":"Köln"}' },
  };
  const expected = [{ name: 'weather', args: { city: 'Köln' }, id: 'call_1', type: 'tool_call' }];
  const withTools = model().bindTools([weather]);

  upstream.enqueue((res, seen) => {
    const message = { role: 'assistant', content: null, tool_calls: [toolCall] };
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    return completion('', { choices })(res, seen);
  });
  expect((await withTools.invoke(question)).tool_calls).toEqual(expected);
  expect(upstream.requests[0]?.body['tools']).toEqual([weather]);

  const piece = (part: object) => ({ tool_calls: [{ index: 0, ...part }] });
  const deltas = [
    piece({ ...toolCall, function: { name: 'weather', arguments: '' } }),
    piece({ function: { arguments: '{"city":' } }),
    piece({ function: { arguments: '"Köln"}' } }),
  ];
  upstream.enqueue((res) => sendStream(res, streamOf('strong-model:7b', deltas, true)));
  let whole: AIMessageChunk = new AIMessageChunk('');
  for await (const chunk of await withTools.stream(question)) whole = whole.concat(chunk);
  expect(whole.tool_calls).toEqual(expected);
});

test('errors: status, code and words arrive; a failed upstream is asked once', async () => {
  await expect(model({ model: 'gpt-4' }).invoke(question)).rejects.toMatchObject({
    ...{ status: 404, code: 'model_not_found' },
    message: expect.stringContaining('"gpt-4" does not exist here') as string,
  });
  upstream.enqueue(failure(500));
  await expect(model().invoke(question)).rejects.toMatchObject({
    ...{ status: 502, code: 'upstream_error' },
  });
  expect(upstream.requests).toHaveLength(1);
});

test('a truncated stream raises', async () => {
  const text = streamOf('m', [{ content: 'one' }], false);
  upstream.enqueue((res) => sendStream(res, text.slice(0, text.lastIndexOf('data: {'))));
  const read = async () => {
    for await (const chunk of await model().stream(question)) expect(chunk.content).toBeDefined();
  };
  await expect(read()).rejects.toThrow(/before the answer was complete/);
});

test('abort reaches the upstream', async () => {
  upstream.enqueue(() => {});
  const controller = new AbortController();
  const pending = model().invoke(question, { signal: controller.signal });
  pending.catch(() => {});
  await expect.poll(() => upstream.requests.length).toBe(1);
  controller.abort();
  await expect(pending).rejects.toThrow();
  await upstream.closed[0];
});
