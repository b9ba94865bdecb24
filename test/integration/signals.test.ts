import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { ask, get, post, type ChatReply } from '../support/chat.ts';
import {
  completion,
  failure,
  sendStream,
  startScriptedUpstream,
  streamOf,
  streamText,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, withoutFallbacks, type TestGateway } from '../support/start-gateway.ts';

let upstream: ScriptedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  gateway = await startTestGateway({ strong: upstream.url }, withoutFallbacks);
});

afterEach(() => void vi.useRealTimers());

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const chat = (content: unknown, rest: Record<string, unknown> = {}, headers = {}) =>
  post(`${gateway.url}/v1/chat/completions`, ask(content, rest), headers);

interface Evidence {
  readonly feedback: unknown[];
  readonly signals: { readonly kind: string; readonly value: number }[];
}

async function evidenceOf(reply: ChatReply): Promise<Evidence> {
  const id = reply.headers.get('x-pointsman-decision-id');
  const { json } = await get(`${gateway.url}/v1/router/feedback/${id}`);
  return json as unknown as Evidence;
}

/** Kinds with their values, of the signals that are known now. */
async function signalsOf(reply: ChatReply): Promise<Record<string, number>> {
  const { signals } = await evidenceOf(reply);
  return Object.fromEntries(signals.map(({ kind, value }) => [kind, value]));
}

const streamed = { stream: true };
const cut = { choices: [{ index: 0, message: { content: 'Half a' }, finish_reason: 'length' }] };
const tool = { id: 'c1', type: 'function', function: { name: 'look', arguments: '{}' } };
const brokenStream: Script = (res, { body }) =>
  sendStream(res, streamOf(String(body['model']), [{ content: 'Hel' }], false).split('data: [')[0]!.replace('"stop"', 'null')); // prettier-ignore

describe('what an answer shows by itself', () => {
  test.each<[string, Script, Record<string, unknown>, Record<string, number>]>([
    ['a good answer', completion('Hello'), {}, {}],
    ['a good stream', streamText('Hel', 'lo'), streamed, {}],
    ['an empty answer', completion(''), {}, { empty_answer: 0 }],
    ['only white space', completion(' \n'), {}, { empty_answer: 0 }],
    ['an empty stream', streamText(''), streamed, { empty_answer: 0 }],
    ['only reasoning', completion('', { choices: [{ message: { content: '', reasoning: 'Hm' }, finish_reason: 'stop' }] }), {}, { empty_answer: 0 }], // prettier-ignore
    ['a tool call', completion('', { choices: [{ message: { content: null, tool_calls: [tool] }, finish_reason: 'tool_calls' }] }), {}, {}], // prettier-ignore
    ['a refusal', completion('', { choices: [{ message: { content: null, refusal: 'No.' }, finish_reason: 'stop' }] }), {}, {}], // prettier-ignore
    ['an answer that is cut', completion('', cut), {}, { truncated_by_length: 0.3 }],
    ["a probe's answer", completion('', cut), { max_tokens: 1 }, {}],
    ['an upstream that fails', failure(500), {}, { upstream_error: 0 }],
    ['a stream that breaks', brokenStream, streamed, { upstream_error: 0 }],
    ["the client's own mistake", failure(400), {}, {}],
  ])('%s', async (_, script, rest, expected) => {
    upstream.enqueue(script);
    const reply = await chat('0.7 prove it', rest);
    expect(await signalsOf(reply)).toEqual(expected);
  });

  test('signals are counted, and never stand among feedback', async () => {
    const counted = async () => {
      const { text } = await get(`${gateway.url}/metrics`);
      return Number(/^pointsman_signals_total\{kind="empty_answer"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const before = await counted();
    upstream.enqueue(completion(''));
    const reply = await chat('0.7 prove it');
    const id = reply.headers.get('x-pointsman-decision-id');
    await post(`${gateway.url}/v1/router/feedback`, { decision_id: id, value: true });
    const { feedback, signals } = await evidenceOf(reply);
    expect(feedback).toMatchObject([{ source: 'user', value: 1 }]);
    expect(signals).toMatchObject([{ kind: 'empty_answer', value: 0 }]);
    expect(await counted()).toBe(before + 1);
  });
});

describe('an answer in another form than asked for', () => {
  const schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };
  const bySchema = {
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema } },
  };
  const freely = { response_format: { type: 'json_object' } };

  test.each<[string, Script, Record<string, unknown>]>([
    ['prose', completion('It is 3.'), freely],
    ['prose in a stream', streamText('It ', 'is 3.'), { ...freely, stream: true }],
    ['another type', completion('{"n":"3"}'), bySchema],
    ['another type in a stream', streamText('{"n":', '"3"}'), { ...bySchema, stream: true }],
  ])('%s is a violation', async (_, script, rest) => {
    upstream.enqueue(script);
    const reply = await chat('0.7 count', rest);
    expect(reply.status).toBe(200);
    await expect.poll(() => signalsOf(reply)).toEqual({ schema_violation: 0 });
  });

  test('what keeps to it, or was not asked to, is none', async () => {
    const quiet: ChatReply[] = [];
    const send = async (script: Script, rest: Record<string, unknown>) => {
      upstream.enqueue(script);
      quiet.push(await chat('0.7 count', rest));
    };
    await send(completion('{"n":3}'), bySchema);
    await send(streamText('{"n"', ':3}'), { ...bySchema, stream: true });
    await send(completion('It is 3.'), {});
    const invalid = { type: 'json_schema', json_schema: { schema: { type: 'nonsense' } } };
    await send(completion('It is 3.'), { response_format: invalid });
    // Checks are made in order: when this one is told, the others have been made.
    upstream.enqueue(completion('It is 3.'));
    const last = await chat('0.7 count', freely);
    await expect.poll(() => signalsOf(last)).toEqual({ schema_violation: 0 });
    for (const reply of quiet) expect(await signalsOf(reply)).toEqual({});
  });

  test('a cut answer is cut, and no violation beside', async () => {
    upstream.enqueue(completion('', cut));
    const reply = await chat('0.7 count', freely);
    upstream.enqueue(completion('It is 3.'));
    const last = await chat('0.7 count', freely);
    await expect.poll(() => signalsOf(last)).toEqual({ schema_violation: 0 });
    expect(await signalsOf(reply)).toEqual({ truncated_by_length: 0.3 });
  });
});

describe('asking again', () => {
  let question = '';
  let count = 0;
  const wait = (ms: number) => vi.setSystemTime(Date.now() + ms);

  beforeEach(() => {
    question = `0.7 why is the sky blue? (${++count})`;
    vi.useFakeTimers({ toFake: ['Date'] });
  });

  test('marks the earlier decision, with nothing of the prompt kept', async () => {
    const first = await chat(question);
    wait(30_000);
    const again = await chat(question);
    expect(await signalsOf(first)).toEqual({ asked_again: 0.3 });
    expect(await signalsOf(again)).toEqual({});
  });

  test('not for another prompt, another client, samples, or after long', async () => {
    const first = await chat(question);
    await chat(question); // a sample, at once
    wait(30_000);
    await chat('0.7 why is the grass green?');
    await chat(question, {}, { 'user-agent': 'another' });
    expect(await signalsOf(first)).toEqual({});
    const other = await chat('0.7 what is the meaning of life?');
    wait(3_600_000);
    await chat('0.7 what is the meaning of life?');
    expect(await signalsOf(other)).toEqual({});
  });

  test('also in the same conversation, after the answer', async () => {
    const first = await chat(question);
    wait(30_000);
    const messages = [
      { role: 'user', content: question },
      { role: 'assistant', content: 'Because.' },
      { role: 'user', content: question },
    ];
    await post(`${gateway.url}/v1/chat/completions`, { model: 'auto', messages });
    expect(await signalsOf(first)).toEqual({ asked_again: 0.3 });
  });

  test('a tool turn repeats the text without anybody asking again', async () => {
    const first = await chat(question);
    wait(30_000);
    const messages = [
      { role: 'user', content: question },
      { role: 'assistant', content: null, tool_calls: [tool] },
      { role: 'tool', tool_call_id: 'c1', content: 'scattering' },
    ];
    await post(`${gateway.url}/v1/chat/completions`, { model: 'auto', messages });
    expect(await signalsOf(first)).toEqual({});
  });
});
