import { createOpenAI } from '@ai-sdk/openai';
import { generateText, jsonSchema, streamText, type ToolSet } from 'ai';
import OpenAI, { APIError, BadRequestError } from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { functionCall, helloResponse, response, responseEvents } from '../support/responses.ts';
import {
  sendStream,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.always(helloResponse);
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
});

beforeEach(() => void (upstream.requests.length = 0));

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const input = '0.9 prove it';

const breaksOff: Script = (res, { body }) =>
  sendStream(res, responseEvents(body['model'], ['Hello', ' world']).slice(0, 4).join(''));

describe("OpenAI's own client", () => {
  const client = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any', maxRetries: 0 });

  test('plain', async () => {
    const { data, response } = await client()
      .responses.create({ model: 'auto', input })
      .withResponse();
    expect(data.output_text).toBe('Hello world');
    expect(data.usage?.total_tokens).toBe(18);
    expect(response.headers.get('x-pointsman-tier')).toBe('strong');
  });

  test('a stream, as events and as its final response', async () => {
    const stream = client().responses.stream({ model: 'auto', input });
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => void (text += delta));
    expect((await stream.finalResponse()).output_text).toBe('Hello world');
    expect(text).toBe('Hello world');
  });

  test('an upstream that breaks off raises', async () => {
    upstream.enqueue(breaksOff);
    const stream = await client().responses.create({ model: 'auto', input, stream: true });
    const read = async () => {
      for await (const event of stream) void event;
    };
    await expect(read()).rejects.toMatchObject({ code: 'stream_truncated' });
  });

  test('a bad request raises with its field', async () => {
    const asked = client().responses.create({ model: 'auto', input, previous_response_id: 'r' });
    await expect(asked).rejects.toBeInstanceOf(BadRequestError);
    await expect(asked).rejects.toMatchObject({ param: 'previous_response_id' });
  });

  test('what was kept nowhere is a 404 that says what to send', async () => {
    const asked = client().responses.retrieve('resp_1');
    await expect(asked).rejects.toBeInstanceOf(APIError);
    await expect(asked).rejects.toThrow(/not kept here: POST \/v1\/responses/);
  });
});

describe('the AI SDK as it comes', () => {
  const provider = () => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'any' });
  const model = () => ({ model: provider()('auto'), maxRetries: 0 });
  const ask = () => ({ ...model(), prompt: input });
  const tools: ToolSet = { weather: { inputSchema: jsonSchema<unknown>({ type: 'object' }) } };

  test('plain', async () => {
    const result = await generateText(ask());
    expect(result.text).toBe('Hello world');
    expect(result.usage).toMatchObject({ inputTokens: 11, outputTokens: 7 });
    expect(upstream.requests[0]).toMatchObject({ path: '/v1/responses' });
  });

  test('stream', async () => {
    const result = streamText(ask());
    let text = '';
    for await (const part of result.textStream) text += part;
    expect([text, await result.finishReason]).toEqual(['Hello world', 'stop']);
  });

  test('a stream that breaks off is an error, not an end', async () => {
    upstream.enqueue(breaksOff);
    const errors: unknown[] = [];
    const result = streamText({ ...ask(), onError: ({ error }) => void errors.push(error) });
    await result.consumeStream();
    expect(errors).toHaveLength(1);
    expect(JSON.stringify(errors[0])).toContain('stream_truncated');
  });

  test('a tool and its turn, with nothing kept upstream', async () => {
    upstream.enqueue(response([functionCall]));
    const stateless = { openai: { store: false } };
    const called = await generateText({ ...ask(), tools, providerOptions: stateless });
    expect(called.toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'Köln' } }]);
    const output = { type: 'text' as const, value: 'rain' };
    const result = await generateText({
      ...{ ...model(), tools, providerOptions: stateless },
      messages: [
        { role: 'user', content: input },
        ...called.response.messages,
        {
          role: 'tool',
          content: [{ type: 'tool-result', toolCallId: 'call_1', toolName: 'weather', output }],
        },
      ],
    });
    expect(result.text).toBe('Hello world');
    expect(result.response.headers?.['x-pointsman-reason']).toBe('tool_turn');
  });
});
