import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, get, post, type ChatReply } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  startScriptedUpstream,
  streamOf,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import {
  answerOnce,
  chunked,
  closeDelimitedHead,
  cutAfter,
  lastChunk,
  startTcpUpstream,
  streamHead,
  type Play,
  type TcpUpstream,
} from '../support/tcp-upstream.ts';

let strong: ScriptedUpstream;
let weak: TcpUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  strong = await startScriptedUpstream();
  weak = await startTcpUpstream();
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) => ({
    ...config,
    timeouts: { ...config.timeouts, idleMs: 200 },
    limits: { ...config.limits, eventBytes: 64 * 1024 },
    dispatch: { ...config.dispatch, allowedFails: 1000 },
  }));
});

beforeEach(async () => {
  strong.requests.length = 0;
  await weak.reset();
});

afterAll(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const event = (choices: unknown[]) => `data: ${JSON.stringify({ model: 'm', choices })}\n\n`;
const content = (text: string) => event([{ index: 0, delta: { content: text } }]);
const role = event([{ index: 0, delta: { role: 'assistant', content: '' } }]);
const three = content('one') + content('two') + content('three');

const ask1 = (rest = {}) => ask('0.1 hi', { stream: true, num_retries: 0, ...rest });
const stream = () => post(`${gateway.url}/v1/chat/completions`, ask1());

/** After these bytes the client gets one error event, and the connection ends. */
async function expectBroken(reply: ChatReply, sent: string, code: string): Promise<void> {
  expect(reply.status).toBe(200);
  expect(reply.text.startsWith(sent)).toBe(true);
  const events = reply.text.slice(sent.length).split('\n\n');
  expect(events).toHaveLength(2);
  expect(JSON.parse(String(events[0]).slice('data: '.length))).toMatchObject({
    error: { type: 'upstream_error', code, param: null },
  });
  expect(reply.text).not.toContain('[DONE]');
  const row = await waitForDecision(gateway.db, reply.headers);
  const outcome = code === 'stream_truncated' ? 'truncated' : 'upstream_error';
  expect(row).toMatchObject({ outcome, error_code: code, attempts: 1, fallbacks: 0 });
  expect(strong.requests).toHaveLength(0);
}

const inChunks = [streamHead, chunked(three)];
const cuts: [string, Play][] = [
  ['RST', cutAfter('reset', ...inChunks)],
  ['FIN inside the chunked body', cutAfter('end', ...inChunks)],
  ['FIN inside a chunk', cutAfter('end', streamHead, chunked(three), '20\r\ndata: {"model')],
  ['the last chunk, too early', cutAfter('end', ...inChunks, lastChunk)],
  ['the end of a close-delimited body', cutAfter('end', closeDelimitedHead, three)],
  ['RST of a close-delimited body', cutAfter('reset', closeDelimitedHead, three)],
  ['FIN in the middle of an event', cutAfter('end', closeDelimitedHead, three + 'data: {"mod')],
];

test.each(cuts)(
  'F15: cut after three chunks by %s: one error event, no [DONE]',
  async (_how, play) => {
    weak.enqueue(play);
    await expectBroken(await stream(), three, 'stream_truncated');
  },
);

test('F15: the log says what broke it', async () => {
  weak.enqueue(cutAfter('reset', ...inChunks));
  const reply = await stream();
  const requestId = reply.headers.get('x-request-id') ?? 'none';
  const line = gateway.logLines.find(
    (one) => one.includes(requestId) && one.includes('stream_truncated'),
  );
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    code: 'stream_truncated',
    cause: expect.stringContaining('closed the connection') as string,
  });
});

test('F15: with two choices the end of one is not the end of both', async () => {
  const left = event([{ index: 0, delta: { content: 'l' }, finish_reason: 'stop' }]);
  const right = event([{ index: 1, delta: { content: 'r' } }]);
  weak.enqueue(cutAfter('end', closeDelimitedHead, left + right));
  await expectBroken(await stream(), left + right, 'stream_truncated');
});

test('F15: an empty finish reason is no end', async () => {
  const unfinished = event([{ index: 0, delta: { content: 'one' }, finish_reason: '' }]);
  weak.enqueue(cutAfter('end', closeDelimitedHead, unfinished + unfinished));
  await expectBroken(await stream(), unfinished + unfinished, 'stream_truncated');
});

test('F15: counts for the breaker', async () => {
  const strict = await startTestGateway({ strong: strong.url, weak: weak.url }, (config) => ({
    ...config,
    dispatch: { ...config.dispatch, allowedFails: 0 },
  }));
  weak.enqueue(cutAfter('reset', ...inChunks));
  await post(`${strict.url}/v1/chat/completions`, ask1());
  const { json } = await get(`${strict.url}/health`);
  await strict.close();
  expect(json['deployments']).toMatchObject([{ id: 'strong' }, { id: 'weak', state: 'open' }]);
});

const early: [string, Play][] = [
  ['RST before the headers', cutAfter('reset')],
  ['FIN before the headers', cutAfter('end')],
  ['RST after the headers', cutAfter('reset', streamHead)],
  ['the end of an empty body', cutAfter('end', streamHead, lastChunk)],
  ['FIN after the role', cutAfter('end', streamHead, chunked(role))],
  ['the end of a close-delimited role', cutAfter('end', closeDelimitedHead, role)],
  ['nothing but [DONE]', cutAfter('end', streamHead, chunked('data: [DONE]\n\n'), lastChunk)],
  ['a [DONE] without its blank line', cutAfter('end', closeDelimitedHead, 'data: [DONE]')],
  ['an error event', answerOnce(streamHead, chunked(role + 'data: {"error":{"message":"x"}}\n\n'))],
  [
    'an event named error',
    answerOnce(streamHead, chunked('event: error\ndata: {"message":"x"}\n\n')),
  ],
];

test.each(early)(
  'F14: ended by %s before content: one clean stream of the other',
  async (_how, play) => {
    weak.enqueue(play);
    const reply = await stream();
    const parts = [{ content: 'Hello' }, { content: ' world' }];
    expect(reply.text).toBe(streamOf('strong-model:7b', parts, false));
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(reply.headers.get('x-pointsman-attempts')).toBe('2');
  },
);

describe('F16: a stall longer than the idle timeout', () => {
  test('after content: aborted, and the error event says so', async () => {
    weak.enqueue(answerOnce(...inChunks));
    await expectBroken(await stream(), three, 'stream_idle_timeout');
    await weak.connections[0]?.closed;
  });

  test('before content: the other model answers', async () => {
    weak.enqueue(answerOnce(streamHead, chunked(role)));
    const reply = await stream();
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(reply.text).toContain('[DONE]');
    await weak.connections[0]?.closed;
  });

  test('in a body that is not streamed: the other model answers', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n';
    weak.enqueue(answerOnce(head, '{"choices":'));
    const reply = await post(`${gateway.url}/v1/chat/completions`, ask1({ stream: false }));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
  });

  test('keep-alive comments are no stall', async () => {
    weak.enqueue(async (connection) => {
      await connection.request();
      await connection.send(streamHead);
      for (let i = 0; i < 6; i++) {
        await connection.send(chunked(': keep-alive\n\n'));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      await connection.send(chunked(three + 'data: [DONE]\n\n') + lastChunk);
    });
    const reply = await stream();
    expect(reply.text).toContain(three);
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('0');
  });
});

describe('F18: a line that is none', () => {
  test('malformed JSON is not forwarded: one error event', async () => {
    weak.enqueue(answerOnce(streamHead, chunked(`${three}data: {"half\n\n`)));
    await expectBroken(await stream(), three, 'upstream_invalid_response');
  });

  test('50 MB without a newline: cut off at the limit', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    weak.enqueue(async (connection) => {
      await connection.request();
      await connection.send(closeDelimitedHead);
      await connection.send(`${three}data: `);
      while (sent < 50 && !connection.socket.destroyed) {
        await connection.send(megabyte);
        sent++;
      }
    });
    await expectBroken(await stream(), three, 'upstream_invalid_response');
    await weak.connections[0]?.closed;
    expect(sent).toBeLessThan(50); // what the kernel buffers took, not what we did
  });
});

describe('F20: an odd end', () => {
  const finish = event([{ index: 0, delta: {}, finish_reason: 'stop' }]);
  const done = 'data: [DONE]\n\n';
  test.each<[string, string, string]>([
    ['data after [DONE]', three + finish + done + content('late'), three + finish + done],
    ['two [DONE]', three + finish + done + done, three + finish + done],
    [
      'choices: [] mid-stream',
      three + event([]) + finish + done,
      three + event([]) + finish + done,
    ],
    ['two finish reasons', three + finish + finish + done, three + finish + finish + done],
    ['[DONE] without finish reason', three + done, three + done],
    ['a forgotten [DONE]', three + finish, three + finish + done],
    ['a forgotten blank line', (three + finish).trimEnd(), three + finish + done],
    ['a [DONE] with a space', `${three}${finish}data: [DONE] \n\n`, three + finish + done],
    ['no blank line after such', `${three}${finish}data: [DONE] `, three + finish + done],
    ['an event with empty data', `${three}data:\n\n${finish}${done}`, three + finish + done],
  ])('%s', async (_what, sent, expected) => {
    weak.enqueue(cutAfter('end', streamHead, chunked(sent), lastChunk));
    const reply = await stream();
    expect(reply.text).toBe(expected);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ outcome: 'done', is_usage_estimated: 1, completion_tokens: 3 });
  });
});

test('F19: an error event after content: told with its words, logged as a failure', async () => {
  weak.enqueue(
    answerOnce(streamHead, chunked(`${three}data: {"error":{"message":"no memory"}}\n\n`)),
  );
  const reply = await stream();
  await expectBroken(reply, three, 'upstream_error');
  expect(reply.text).toContain('no memory');
});
