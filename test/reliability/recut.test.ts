import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyFacts, type AnswerFacts } from '../../src/upstream/answer-facts.ts';
import { relayEvents } from '../../src/upstream/stream-reader.ts';
import { cutAt, cutEvery, recordedStreams } from '../support/recorded-streams.ts';

interface Relayed {
  readonly text: string;
  readonly facts: AnswerFacts;
}

async function relay(chunks: readonly Buffer[], stripUsage = false): Promise<Relayed> {
  const facts = emptyFacts();
  const options = { maxEventBytes: 64 * 1024, stripUsage, onChunk: () => {}, said: String };
  const out: Buffer[] = [];
  const left = [...chunks];
  const body = { read: () => Promise.resolve(left.shift() ?? null) };
  for await (const bytes of relayEvents(body, facts, options)) out.push(bytes);
  return { text: Buffer.concat(out).toString('utf8'), facts };
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

  test('is the same however it is cut: in two anywhere, in ones, in sevens, at random', async () => {
    const [whole, stripped] = [await relay([bytes]), await relay([bytes], true)];
    for (let at = 1; at < bytes.length; at++) {
      const recut = await relay(cutAt(bytes, [at]));
      if (recut.text !== whole.text) expect(recut.text, `cut at ${at}`).toBe(whole.text);
      if (at % 16 === 0) expect(recut.facts).toEqual(whole.facts);
    }
    for (const size of [1, 2, 3, 7, 64]) {
      expect(await relay(cutEvery(bytes, size))).toEqual(whole);
      expect(await relay(cutEvery(bytes, size), true)).toEqual(stripped);
    }
    const offsets = fc.array(fc.nat(bytes.length), { maxLength: 12 });
    const property = fc.asyncProperty(offsets, fc.boolean(), async (at, strip) => {
      expect(await relay(cutAt(bytes, at), strip)).toEqual(strip ? stripped : whole);
    });
    await fc.assert(property, { numRuns: 30 });
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
