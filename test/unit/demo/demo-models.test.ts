import { once } from 'node:events';
import { get } from 'node:http';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemoModels, type DemoServer } from '../../../src/demo/demo-models.ts';

let demo: DemoServer;
let client: OpenAI;

beforeAll(async () => {
  demo = await startDemoModels(Infinity);
  client = new OpenAI({ baseURL: demo.baseUrl, apiKey: 'none', maxRetries: 0 });
});

afterAll(() => demo.close());

/** `[simulated answer of demo-weak]` is no part of what the client limits. */
const labelWords = 4;

const ask = (content: string) => [{ role: 'user' as const, content }];

const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string' },
        unit: { enum: ['C', 'F'] },
        days: { type: 'integer' },
      },
    },
  },
};

describe('a simulated model', () => {
  it.each(['demo-strong', 'demo-weak'])(
    'says that %s is simulated, and what was asked',
    async (model) => {
      const { choices, usage, ...rest } = await client.chat.completions.create({
        model,
        messages: ask('Why is  the sky blue?'),
      });
      const text = choices[0]?.message.content ?? '';
      expect(text).toMatch(
        new RegExp(`^\\[simulated answer of ${model}\\] You asked: "Why is the sky blue\\?"`),
      );
      expect(choices[0]?.finish_reason).toBe('stop');
      expect(rest).toMatchObject({ object: 'chat.completion', model });
      expect(usage).toEqual({
        prompt_tokens: 5,
        completion_tokens: text.split(' ').length - labelWords,
        total_tokens: 5 + text.split(' ').length - labelWords,
      });
    },
  );

  it('answers the same to the same', async () => {
    const once = () => client.chat.completions.create({ model: 'demo-weak', messages: ask('Hi') });
    expect((await once()).choices).toEqual((await once()).choices);
  });

  it('streams the text that it answers in one piece, with usage when asked', async () => {
    const body = { model: 'demo-weak', messages: ask('Hello there') };
    const whole = await client.chat.completions.create(body);
    const stream = await client.chat.completions.create({
      ...body,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe(
      whole.choices[0]?.message.content,
    );
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage });
    expect(chunks[0]?.usage).toBeNull();
  });

  it('ends in [DONE] and sends no usage unasked', async () => {
    const response = await fetch(`${demo.baseUrl}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo-weak', messages: ask('Hi'), stream: true }),
    });
    const text = await response.text();
    expect(text).toMatch(/\n\ndata: \[DONE\]\n\n$/);
    expect(text).not.toMatch(/usage/);
  });

  it('stops at max_tokens with finish_reason length, the label whole before it', async () => {
    const { choices, usage } = await client.chat.completions.create({
      model: 'demo-weak',
      messages: ask('Hi'),
      max_tokens: 1,
    });
    expect(choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: '[simulated answer of demo-weak] You' },
    });
    expect(usage?.completion_tokens).toBe(1);
  });

  it('keeps the label where a stop text is in it', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo-weak',
      messages: ask('Hi'),
      stop: ['answer of'],
    });
    expect(choices[0]?.message.content).toMatch(/^\[simulated answer of demo-weak\] You asked/);
  });

  it('stops before a stop text', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo-weak',
      messages: ask('Hi'),
      stop: [' You', 'zzz'],
    });
    expect(choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: '[simulated answer of demo-weak]' },
    });
  });

  it('gives n choices', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo-weak',
      messages: ask('Hi'),
      n: 3,
    });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  });

  it('calls a tool that the question is about', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo-strong',
      messages: ask('What is the weather in New York for 3 days?'),
      tools: [weather],
    });
    expect(choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: null,
        tool_calls: [
          {
            type: 'function',
            function: { name: 'get_weather', arguments: '{"city":"New York","unit":"C","days":3}' },
          },
        ],
      },
    });
  });

  it('streams a tool call', async () => {
    const runner = client.chat.completions.stream({
      model: 'demo-strong',
      messages: ask('weather?'),
      tools: [weather],
    });
    const { choices } = await runner.finalChatCompletion();
    expect(choices[0]?.finish_reason).toBe('tool_calls');
    expect(choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'get_weather' },
    });
  });

  it('answers in words when no tool fits, none may be called, or one has answered', async () => {
    const body = { model: 'demo-weak', tools: [weather] };
    const say = async (rest: object) =>
      (await client.chat.completions.create({ ...body, messages: ask('weather'), ...rest }))
        .choices[0]?.message.content;
    expect(await say({ messages: ask('Hello') })).toMatch(/You asked: "Hello"/);
    expect(await say({ tool_choice: 'none' })).toMatch(/You asked: "weather"/);
    expect(
      await say({
        messages: [...ask('weather'), { role: 'tool', tool_call_id: 'x', content: '21 C' }],
      }),
    ).toMatch(/The tool answered: "21 C"/);
  });

  it('calls a tool that it must call', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo-weak',
      messages: ask('Hello'),
      tools: [weather],
      tool_choice: { type: 'function', function: { name: 'get_weather' } },
    });
    expect(choices[0]?.finish_reason).toBe('tool_calls');
  });

  it('reads content parts and survives a message without text', async () => {
    const say = async (content: unknown) => {
      const messages = [{ role: 'user', content }] as OpenAI.ChatCompletionMessageParam[];
      return (await client.chat.completions.create({ model: 'demo-weak', messages })).choices[0]
        ?.message.content;
    };
    const image = { type: 'image_url', image_url: { url: 'data:,' } };
    expect(await say([{ type: 'text', text: 'Look' }, image])).toMatch(/You asked: "Look"/);
    expect(await say([image])).toMatch(/holds no text/);
  });
});

describe('the simulated server', () => {
  it('lists both models', async () => {
    const ids = (await client.models.list()).data.map(({ id }) => id);
    expect(ids).toEqual(['demo-strong', 'demo-weak']);
  });

  it.each([
    ['{', 400],
    ['[]', 400],
    ['{"model":"demo-weak","messages":[]}', 400],
    ['{"model":"gpt-4","messages":[{"role":"user","content":"x"}]}', 404],
  ])('refuses %j in the shape of OpenAI', async (body, status) => {
    const response = await fetch(`${demo.baseUrl}/chat/completions`, { method: 'POST', body });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String) as string },
    });
  });

  it('paces its words and closes at once though a stream runs', async () => {
    const slow = await startDemoModels(0.1);
    const response = await fetch(`${slow.baseUrl}/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'demo-strong', messages: ask('Hi'), stream: true }),
    });
    expect(response.status).toBe(200);
    await slow.close();
    await expect(response.text()).rejects.toThrow();
  });

  it('listens on this machine only', async () => {
    expect(demo.baseUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/v1$/);
    const [response] = (await once(get(`${demo.baseUrl}/nothing`), 'response')) as [
      { statusCode: number },
    ];
    expect(response.statusCode).toBe(404);
  });
});
