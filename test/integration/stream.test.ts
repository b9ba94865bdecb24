import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ask, post } from '../support/chat.ts';
import { waitForDecision, waitForRow } from '../support/read-log.ts';
import {
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

beforeEach(() => {
  upstream.requests.length = 0;
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const model = 'weak-model:7b';
const stream = (rest: Record<string, unknown> = {}) => ask('hi', { stream: true, ...rest });
const chat = (body: unknown) => post(`${gateway.url}/v1/chat/completions`, body);

/** Sends `bytes` cut at the given offsets, each piece as a chunk of its own. */
function pieces(bytes: Buffer, offsets: readonly number[]): Script {
  return async (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.socket?.setNoDelay(true);
    let start = 0;
    for (const end of [...offsets, bytes.length]) {
      res.write(bytes.subarray(start, end));
      start = end;
      await new Promise((resolve) => setImmediate(resolve));
    }
    res.end();
  };
}

/** Sends this much and then breaks the connection without an end. */
function cut(text: string): Script {
  return (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(text, () => setTimeout(() => res.destroy(), 20));
  };
}

describe('bytes', () => {
  const deltas = [{ content: 'Héllo 😀' }, { content: ' wörld' }];
  const text = streamOf(model, deltas, false);

  test('reach the client unchanged, however the upstream cuts them', async () => {
    const bytes = Buffer.from(text);
    const offsets = Array.from(bytes.keys()).slice(1);
    upstream.enqueue(...offsets.map((at) => pieces(bytes, [at])));
    while (offsets.length > 0) {
      const batch = offsets.splice(0, 16);
      const replies = await Promise.all(batch.map(() => chat(stream())));
      expect(replies.map((reply) => reply.text)).toEqual(batch.map(() => text));
    }
    upstream.enqueue(pieces(bytes, Array.from(bytes.keys())));
    expect((await chat(stream())).text).toBe(text);
  });

  test('come with the headers of an event stream', async () => {
    upstream.enqueue((res) => sendStream(res, text));
    const { headers } = await chat(stream());
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-cache');
    expect(headers.get('x-accel-buffering')).toBe('no');
    expect(headers.get('x-pointsman-tier')).toBe('weak');
    expect(headers.get('x-pointsman-model')).toBe(model);
  });

  test('after the first [DONE] are not passed on', async () => {
    upstream.enqueue((res) => sendStream(res, text + text));
    expect((await chat(stream())).text).toBe(text);
  });

  test('of CRLF streams, comments and unknown events pass too', async () => {
    const odd = `: keep-alive\r\n\r\n${text.replaceAll('\n\n', '\r\n\r\n')}`;
    upstream.enqueue((res) => sendStream(res, odd));
    expect((await chat(stream())).text).toBe(odd);
  });

  test('a forgotten [DONE] or last blank line is mended once the finish reason was seen', async () => {
    upstream.enqueue((res) => sendStream(res, text.replace('data: [DONE]\n\n', '')));
    expect((await chat(stream())).text).toBe(text);
    upstream.enqueue((res) => sendStream(res, text.trimEnd()));
    expect((await chat(stream())).text).toBe(text);
  });
});

describe('usage', () => {
  test('is asked for the log and kept from a client that did not ask', async () => {
    const reply = await chat(stream());
    expect(upstream.requests[0]?.body['stream_options']).toEqual({ include_usage: true });
    expect(reply.text).toBe(streamOf(model, [{ content: 'Hello' }, { content: ' world' }], false));
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({
      is_stream: 1,
      outcome: 'done',
      prompt_tokens: 11,
      completion_tokens: 7,
      is_usage_estimated: 0,
      finish_reason: 'stop',
    });
    expect(row['ttft_ms']).toBeGreaterThan(0);
  });

  test('is passed to a client that asked, and the request is not touched', async () => {
    const body = JSON.stringify(stream({ stream_options: { include_usage: true } }));
    const reply = await chat(body);
    expect(reply.text).toBe(streamOf(model, [{ content: 'Hello' }, { content: ' world' }], true));
    expect(upstream.requests[0]?.text).toBe(body.replace('"auto"', `"${model}"`));
  });

  test('is not asked twice of an upstream that refuses the field', async () => {
    const fresh = await startTestGateway({ strong: upstream.url });
    const refuses: Script = (res, { body }) => {
      if (body['stream_options'] !== undefined) {
        res.writeHead(400, { 'content-type': 'application/json' });
        res.end('{"error":{"message":"unknown field stream_options","type":"x"}}');
      } else sendStream(res, streamOf(model, [{ content: 'ok' }], false));
    };
    upstream.always(refuses);
    const first = await post(`${fresh.url}/v1/chat/completions`, stream());
    const second = await post(`${fresh.url}/v1/chat/completions`, stream());
    await fresh.close();
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(first.headers.get('x-pointsman-attempts')).toBe('2');
    expect(second.headers.get('x-pointsman-attempts')).toBe('1');
    upstream.always((res) => sendStream(res, streamOf(model, [{ content: 'ok' }], false)));
  });

  test('is kept from such a client however the upstream writes that there are no choices', async () => {
    for (const choices of [{ choices: [] }, { choices: null }, {}]) {
      const report = { id: 'chatcmpl-1', ...choices, usage: { completion_tokens: 7 } };
      const text = streamOf(model, [{ content: 'hi' }], false);
      upstream.enqueue((res) =>
        sendStream(res, text.replace(/(?=data: \[DONE\])/, `data: ${JSON.stringify(report)}\n\n`)),
      );
      const reply = await chat(stream());
      expect(reply.text).toBe(text);
      const row = await waitForDecision(gateway.db, reply.headers);
      expect(row['completion_tokens']).toBe(7);
    }
  });

  test('nor where a client asks itself: it gets its answer without', async () => {
    const fresh = await startTestGateway({ strong: upstream.url });
    const refusal = failure(400, { error: { message: 'unknown field stream_options' } });
    const refuses: Script = (res, seen) =>
      seen.body['stream_options'] === undefined ? streamText('ok')(res, seen) : refusal(res, seen);
    const wanted = stream({ stream_options: { include_usage: true } });
    const odd = stream({ stream_options: { include_usage: true, color: 'red' } });
    upstream.enqueue(...Array.from({ length: 4 }, () => refuses));
    const statuses: string[] = [];
    for (const body of [odd, wanted, wanted]) {
      const { status, headers } = await post(`${fresh.url}/v1/chat/completions`, body);
      statuses.push(`${status} ${headers.get('x-pointsman-attempts')}`);
    }
    await fresh.close();
    expect(statuses).toEqual(['400 1', '200 2', '200 1']);
  });

  test('that nobody reported is estimated from what was streamed', async () => {
    upstream.enqueue((res) =>
      sendStream(res, streamOf(model, [{ content: 'x'.repeat(40) }], false)),
    );
    const reply = await chat(stream());
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ completion_tokens: 10, is_usage_estimated: 1 });
  });
});

describe('a stream that breaks', () => {
  const whole = streamOf(model, [{ content: 'one' }, { content: 'two' }], false);
  const upToTwo = whole.slice(0, whole.indexOf('data:', whole.indexOf('two')));

  test('after content: what came, one error event, no [DONE], logged as truncated', async () => {
    upstream.enqueue(cut(upToTwo));
    const reply = await chat(stream());
    expect(reply.status).toBe(200);
    const [last] = reply.text.slice(upToTwo.length).split('\n\n');
    expect(reply.text.startsWith(upToTwo)).toBe(true);
    expect(JSON.parse(String(last).slice('data: '.length))).toMatchObject({
      error: { type: 'upstream_error', code: 'stream_truncated', param: null },
    });
    expect(reply.text).not.toContain('[DONE]');
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ outcome: 'truncated', error_code: 'stream_truncated' });
  });

  test('by a clean end without a finish reason is truncated too', async () => {
    upstream.enqueue((res) => sendStream(res, upToTwo));
    expect((await chat(stream())).text).toContain('"stream_truncated"');
  });

  test('before any content: a clean HTTP error', async () => {
    const prelude = whole.slice(0, whole.indexOf('data:', 5));
    upstream.enqueue(cut(prelude));
    const reply = await chat(stream());
    expect(reply.status).toBe(502);
    expect(reply.json).toMatchObject({ error: { code: 'stream_truncated' } });
  });

  test('by silence: an error event that says so', async () => {
    upstream.enqueue((res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(upToTwo);
    });
    const impatient = await startTestGateway({ strong: upstream.url }, (config) => ({
      ...withoutFallbacks(config),
      timeouts: { ...config.timeouts, idleMs: 200 },
    }));
    const reply = await post(`${impatient.url}/v1/chat/completions`, stream());
    await impatient.close();
    expect(reply.text).toContain('"stream_idle_timeout"');
  });

  test('by a line that is not JSON: the line is not passed on', async () => {
    upstream.enqueue((res) => sendStream(res, `${upToTwo}data: {"half\n\n`));
    const reply = await chat(stream());
    expect(reply.text).not.toContain('{"half');
    expect(reply.text).toContain('"upstream_invalid_response"');
    expect(reply.text.startsWith(upToTwo)).toBe(true);
  });

  test('F19: by an error event: said on after content and logged, an HTTP error before', async () => {
    const error = 'data: {"error":{"message":"out of memory"}}\n\n';
    upstream.enqueue((res) => sendStream(res, upToTwo + error));
    const reply = await chat(stream());
    expect(reply.text.startsWith(upToTwo)).toBe(true);
    expect(JSON.parse(reply.text.slice(upToTwo.length + 'data: '.length))).toMatchObject({
      error: {
        message: expect.stringContaining('out of memory') as string,
        code: 'upstream_error',
      },
    });
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ outcome: 'upstream_error', error_code: 'upstream_error' });
    upstream.enqueue((res) => sendStream(res, error));
    expect((await chat(stream())).status).toBe(502);
  });

  test('that is no stream at all is a 502', async () => {
    upstream.enqueue(failure(200, { choices: [] }));
    const reply = await chat(stream());
    expect(reply.json).toMatchObject({ error: { code: 'upstream_invalid_response' } });
  });
});

describe('a client that leaves', () => {
  const slow: Script = (res) => {
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(streamOf(model, [{ content: 'one' }], false).split('data: {"id"')[0] ?? '');
    res.write(`data: ${JSON.stringify({ model, choices: [{ delta: { content: 'one' } }] })}\n\n`);
  };

  test.each([
    ['mid-stream', slow, true],
    ['before headers', () => {}, false],
  ] as const)('%s: the upstream call is aborted, logged as 499', async (phase, script, reads) => {
    upstream.closed.length = 0;
    upstream.enqueue(script);
    const controller = new AbortController();
    const pending = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(stream({ user: phase })),
      headers: { 'x-request-id': phase.replace(' ', '-') },
      signal: controller.signal,
    });
    if (reads) await (await pending).body?.getReader().read();
    else await expect.poll(() => upstream.requests.length).toBe(1);
    controller.abort();
    await pending.catch(() => {});
    await upstream.closed[0];
    const id = phase.replace(' ', '-');
    const row = await waitForRow(gateway.db, (row) => row['request_id'] === id);
    expect(row).toMatchObject({ status: 499, outcome: 'client_abort', error_code: null });
  });
});

describe('the first content', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a legacy call', { function_call: { name: 'f', arguments: '' } }],
    ['sound', { audio: { id: 'a', data: 'AAAA' } }],
    ['what is yet to come', { reasoning_details: [{ text: 'hm' }] }],
  ])('is also %s: the client has it before the rest comes', async (_what, delta) => {
    const [role = '', first = '', ...rest] = streamOf(model, [delta], false).split(/(?<=\n\n)/);
    let end = () => {};
    upstream.enqueue((res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(role + first);
      end = () => res.end(rest.join(''));
    });
    const reply = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(stream()),
    });
    end();
    expect(await reply.text()).toBe(role + first + rest.join(''));
  });

  test('is not a role with empty members', async () => {
    const empty = {
      role: 'assistant',
      content: '',
      tool_calls: [],
      function_call: null,
      audio: {},
    };
    const text = streamOf(model, [empty], false);
    upstream.enqueue((res) => sendStream(res, text.slice(0, text.indexOf('data: [DONE]') - 200)));
    expect((await chat(stream())).json).toMatchObject({ error: { code: 'stream_truncated' } });
  });
});

describe('an odd upstream', () => {
  const text = streamOf(model, [{ content: 'hi' }], false);

  test.each(['Text/Event-Stream', 'TEXT/EVENT-STREAM; charset=utf-8'])(
    'names its stream %s',
    async (type) => {
      upstream.enqueue((res) => void res.writeHead(200, { 'content-type': type }).end(text));
      expect((await chat(stream())).text).toBe(text);
    },
  );

  test('says in each chunk that there is no error', async () => {
    for (const error of ['""', 'null']) {
      const calm = text.replaceAll('{"id"', `{"error":${error},"id"`);
      upstream.enqueue((res) => sendStream(res, calm));
      expect((await chat(stream())).text).toBe(calm);
    }
  });
});
