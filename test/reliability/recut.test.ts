import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyFacts, type AnswerFacts } from '../../src/upstream/answer-facts.ts';
import { streamFormat, type StreamFormat } from '../../src/upstream/stream-format.ts';
import { relayEvents } from '../../src/upstream/stream-reader.ts';
import {
  cutAt,
  cutEvery,
  recordedResponses,
  recordedStreams,
} from '../support/recorded-streams.ts';

interface Relayed {
  readonly text: string;
  readonly facts: AnswerFacts;
}

const completions = () => streamFormat('chat/completions', false);
const withoutUsage = () => streamFormat('chat/completions', true);
const responses = () => streamFormat('responses', false);

async function relay(
  chunks: readonly Buffer[],
  formatOf: () => StreamFormat = completions,
): Promise<Relayed> {
  const format = formatOf();
  const facts = emptyFacts(true);
  const options = { format, maxEventBytes: 64 * 1024, onChunk: () => {}, said: String };
  const out: Buffer[] = [];
  const left = [...chunks];
  const body = { read: () => Promise.resolve(left.shift() ?? null) };
  for await (const bytes of relayEvents(body, facts, options)) out.push(bytes);
  return { text: Buffer.concat(out).toString('utf8'), facts };
}

/** The stream is the same in two parts cut anywhere, in ones, in sevens, at random. */
async function expectSameInAnyCut(bytes: Buffer, format: () => StreamFormat): Promise<void> {
  const whole = await relay([bytes], format);
  for (let at = 1; at < bytes.length; at++) {
    const recut = await relay(cutAt(bytes, [at]), format);
    if (recut.text !== whole.text) expect(recut.text, `cut at ${at}`).toBe(whole.text);
    if (at % 16 === 0) expect(recut.facts).toEqual(whole.facts);
  }
  for (const size of [1, 2, 3, 7, 64]) {
    expect(await relay(cutEvery(bytes, size), format)).toEqual(whole);
  }
  const offsets = fc.array(fc.nat(bytes.length), { maxLength: 12 });
  const property = fc.asyncProperty(offsets, async (at) => {
    expect(await relay(cutAt(bytes, at), format)).toEqual(whole);
  });
  await fc.assert(property, { numRuns: 30 });
}

const done = 'data: [DONE]\n\n';

/** What the client gets: the recorded bytes up to the first [DONE], which is added if forgotten. */
function expectedText(bytes: Buffer): string {
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  const end = /data: ?\[DONE\](?:(\r\r)|\r\n\r\n|\n\n)/.exec(text);
  if (end === null) return `${text}\n\n${done}`;
  // After a last CR an LF could still come, so the end of the stream is what ends the event.
  if (end[1] !== undefined) return text.slice(0, end.index) + done;
  return text.slice(0, end.index + end[0].length);
}

// model, finish reason, prompt tokens, completion tokens, characters of content
const facts: Record<string, readonly unknown[]> = {
  'after-done': ['qwen3:8b', 'stop', null, null, 2],
  'azure-filter': ['gpt-4.1-mini-2025-04-14', 'stop', null, null, 2],
  'cr-only': ['qwen3:8b', 'stop', null, null, 3],
  'crlf-named-events': ['qwen3:8b', 'stop', 2, 4, 12],
  'deepseek-keep-alive': ['deepseek-reasoner', 'stop', 7, 30, 2],
  'llama-cpp-timings': ['gpt-3.5-turbo', 'length', 5, 3, 3],
  'no-done': ['qwen3:8b', 'stop', null, null, 8],
  'ollama-reasoning': ['qwen3:8b', 'stop', 14, 61, 43],
  'ollama-think-tags': ['qwen3:8b', 'stop', null, null, 25],
  'ollama-tool-no-index': ['qwen3:8b', 'stop', null, null, 23],
  'openai-tools': ['gpt-4.1-mini-2025-04-14', 'tool_calls', null, null, 28],
  'openai-two-choices': ['gpt-4.1-mini-2025-04-14', 'stop', null, null, 17],
  'openai-usage': ['gpt-4.1-mini-2025-04-14', 'stop', 19, 10, 14],
  'openrouter-comments': ['meta-llama/llama-3.1-8b', 'stop', 3, 0, 3],
  'text-completion': ['qwen2.5-coder:7b', 'stop', 4, 5, 8],
  'vllm-continuous-usage': ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', 'stop', 9, 7, 19],
};

describe.each(recordedStreams)('F17: the stream $name', ({ name, bytes }) => {
  test('reaches the client byte for byte, and its facts are read', async () => {
    const whole = await relay([bytes]);
    expect(whole.text).toBe(expectedText(bytes));
    const { model, finishReason, promptTokens, completionTokens, contentChars } = whole.facts;
    expect([model, finishReason, promptTokens, completionTokens, contentChars]).toEqual(
      facts[name],
    );
  });

  test('is the same however it is cut, with its usage and without', async () => {
    await expectSameInAnyCut(bytes, completions);
    await expectSameInAnyCut(bytes, withoutUsage);
  });
});

test('F17: a stream that is cut short anywhere is never taken for a whole one', async () => {
  for (const { name, bytes } of recordedStreams) {
    const text = bytes.toString('utf8');
    const lastFinish = text.lastIndexOf('"finish_reason":"');
    const firstFinish = text.indexOf('"finish_reason":"');
    // Before the first finish reason, and, with two choices, before the last one.
    const end = name === 'openai-two-choices' ? lastFinish : firstFinish;
    for (let at = 0; at < Buffer.byteLength(text.slice(0, end)); at += 5) {
      await expect(relay([bytes.subarray(0, at)]), `${name} at ${at}`).rejects.toMatchObject({
        code: 'stream_truncated',
      });
    }
  }
});

// model, finish reason, prompt tokens, cached, completion tokens, characters, text, last number
const responseFacts: Record<string, readonly unknown[]> = {
  'crlf-keep-alive': ['Qwen/Qwen3-8B', 'stop', 3, 0, 2, 2, 'Hé', 8],
  'data-lines-only': ['qwen3:8b', 'stop', 12, 0, 4, 10, 'Hallo Welt', null],
  'no-last-blank-line': ['qwen3:8b', 'stop', 3, 0, 4, 13, 'no blank line', 8],
  'openai-function-call': ['gpt-5.1-mini-2026-03-11', 'tool_calls', 58, 0, 17, 15, '', 8],
  'openai-incomplete': ['gpt-5.1-mini-2026-03-11', 'length', 9, 0, 16, 9, 'Once upon', 8],
  'openai-reasoning': ['gpt-5.1-2026-03-11', 'stop', 20, 0, 84, 20, '42', 15],
  'openai-text': ['gpt-5.1-mini-2026-03-11', 'stop', 37, 32, 11, 12, 'Hi there! 👋', 10],
  'without-deltas': ['tiny', 'stop', 2, 0, 3, 11, 'all at once', 1],
};

describe.each(recordedResponses)('F17: the response stream $name', ({ name, bytes }) => {
  test('reaches the client byte for byte up to its last event, and its facts are read', async () => {
    const { text, facts } = await relay([bytes], responses);
    const said = bytes.toString('utf8').replace('data: [DONE]\n\n', '');
    expect(text).toBe(name === 'no-last-blank-line' ? `${said}\n\n` : said);
    const { model, finishReason, promptTokens, cachedTokens, completionTokens } = facts;
    const counts = [promptTokens, cachedTokens, completionTokens, facts.contentChars];
    expect([model, finishReason, ...counts, facts.kept?.text, facts.sequence]).toEqual(
      responseFacts[name],
    );
    const isCall = name === 'openai-function-call';
    expect([facts.callsTools, facts.isEmpty]).toEqual([isCall, false]);
  });

  test('is the same however it is cut', () => expectSameInAnyCut(bytes, responses));

  test('is never taken for a whole one when it is cut short anywhere', async () => {
    const end = bytes.lastIndexOf('data: {"type":"response.');
    for (let at = 0; at < end; at += 5) {
      await expect(relay([bytes.subarray(0, at)], responses), `at ${at}`).rejects.toMatchObject({
        code: 'stream_truncated',
      });
    }
  });
});
