import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, embed, generateText, jsonSchema, streamText, type ToolSet } from 'ai';
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
let provider: ReturnType<typeof createOpenAICompatible>;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
  provider = createOpenAICompatible({ name: 'pointsman', baseURL: `${gateway.url}/v1` });
});

beforeEach(() => {
  upstream.requests.length = 0;
  upstream.closed.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const prompt = '0.9 prove it';
const ask = (model = 'auto') => ({ model: provider(model), prompt, maxRetries: 0 });
const tools: ToolSet = {
  weather: { inputSchema: jsonSchema<unknown>({ type: 'object' }) },
};
const toolCall = {
  ...{ id: 'call_1', type: 'function' },
  function: { name: 'weather', arguments: '{"city":"Köln"}' },
};

test('plain', async () => {
  const result = await generateText(ask());
  expect(result.text).toBe('Hello world');
  expect(result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
  expect(result.response.headers?.['x-pointsman-tier']).toBe('strong');
});

test('stream, reasoning included', async () => {
  const deltas = [{ reasoning_content: 'Hm.' }, { content: 'Hello' }, { content: ' world' }];
  upstream.enqueue((res) => sendStream(res, streamOf('strong-model:7b', deltas, true)));
  const result = streamText(ask());
  let text = '';
  for await (const part of result.textStream) text += part;
  expect([text, await result.finishReason]).toEqual(['Hello world', 'stop']);
  expect(await result.reasoningText).toBe('Hm.');
});

test('tools: there, back in one piece, back in pieces', async () => {
  const expected = [{ toolCallId: 'call_1', toolName: 'weather', input: { city: 'Köln' } }];
  upstream.enqueue((res, seen) => {
    const message = { role: 'assistant', content: null, tool_calls: [toolCall] };
    const choices = [{ index: 0, message, finish_reason: 'tool_calls' }];
    return completion('', { choices })(res, seen);
  });
  expect((await generateText({ ...ask(), tools })).toolCalls).toMatchObject(expected);
  expect(upstream.requests[0]?.body['tools']).toMatchObject([{ function: { name: 'weather' } }]);

  const piece = (part: object) => ({ tool_calls: [{ index: 0, ...part }] });
  const deltas = [
    piece({ ...toolCall, function: { name: 'weather', arguments: '' } }),
    piece({ function: { arguments: '{"city":' } }),
    piece({ function: { arguments: '"Köln"}' } }),
  ];
  upstream.enqueue((res) => sendStream(res, streamOf('strong-model:7b', deltas, true)));
  const streamed = streamText({ ...ask(), tools });
  await streamed.consumeStream();
  expect(await streamed.toolCalls).toMatchObject(expected);
});

test('errors: status, code and words arrive', async () => {
  const failed = (error: unknown) => APICallError.isInstance(error) && error;
  const notFound = await generateText(ask('gpt-4')).catch(failed);
  expect(notFound).toMatchObject({
    ...{ statusCode: 404, isRetryable: false },
    message: expect.stringContaining('"gpt-4" does not exist here') as string,
    data: { error: { code: 'model_not_found' } },
  });
  upstream.enqueue(failure(401));
  expect(await generateText(ask()).catch(failed)).toMatchObject({
    ...{ statusCode: 502, data: { error: { code: 'upstream_auth_failed' } } },
  });
});

test('a truncated stream raises', async () => {
  const text = streamOf('m', [{ content: 'one' }], false);
  upstream.enqueue((res) => sendStream(res, text.slice(0, text.lastIndexOf('data: {'))));
  const errors: unknown[] = [];
  const result = streamText({ ...ask(), onError: ({ error }) => void errors.push(error) });
  await result.consumeStream();
  expect(JSON.stringify(errors) + String(errors[0])).toMatch(/before the answer was complete/);
});

test('abort reaches the upstream', async () => {
  upstream.enqueue(() => {});
  const controller = new AbortController();
  const pending = generateText({ ...ask(), abortSignal: controller.signal });
  pending.catch(() => {});
  await expect.poll(() => upstream.requests.length).toBe(1);
  controller.abort();
  await expect(pending).rejects.toThrow();
  await upstream.closed[0];
});

test('an embedding model that is not there is a 404', async () => {
  const model = provider.embeddingModel('nope');
  await expect(embed({ model, value: 'x', maxRetries: 0 })).rejects.toMatchObject({
    statusCode: 404,
  });
});
