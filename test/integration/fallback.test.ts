import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, get, post, type ChatReply } from '../support/chat.ts';
import { waitForDecision } from '../support/read-log.ts';
import {
  failure,
  sendStream,
  startScriptedUpstream,
  streamOf,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

beforeEach(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
  gateway = await startTestGateway({ strong: strong.url, weak: weak.url });
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const chat = (body: unknown) => post(`${gateway.url}/v1/chat/completions`, body);
const messageOf = ({ json }: ChatReply) => (json['error'] as { message: string }).message;

describe('when nothing is configured the other tier stands in', () => {
  test.each([
    ['weak', '0.1 hi'],
    ['strong', '0.9 prove it'],
  ])('%s fails before its first content: one clean answer of the other', async (tier, text) => {
    const [failing, other] = tier === 'weak' ? [weak, strong] : [strong, weak];
    failing.enqueue(failure(500));
    const reply = await chat(ask(text));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('x-pointsman-tier')).toBe(tier);
    expect(reply.headers.get('x-pointsman-attempts')).toBe('2');
    expect(reply.headers.get('x-pointsman-fallbacks')).toBe('1');
    expect(reply.json['model']).not.toContain(tier);
    expect([failing.requests.length, other.requests.length]).toEqual([1, 1]);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ tier, attempts: 2, fallbacks: 1, outcome: 'done' });
    expect(row['deployment_id']).not.toBe(tier);
  });

  test('F14: a stream that ends before its content is replaced by one whole other stream', async () => {
    weak.enqueue((res) => {
      const text = streamOf('weak-model:7b', [], false);
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.write(text.slice(0, text.indexOf('\n\n') + 2), () => res.destroy());
    });
    const reply = await chat(ask('hi', { stream: true }));
    const parts = [{ content: 'Hello' }, { content: ' world' }];
    expect(reply.text).toBe(streamOf('strong-model:7b', parts, false));
  });

  test('after the first content nothing is replaced', async () => {
    const text = streamOf('weak-model:7b', [{ content: 'one' }], false);
    weak.enqueue((res) => sendStream(res, text.slice(0, text.lastIndexOf('data: {'))));
    const reply = await chat(ask('hi', { stream: true }));
    expect(reply.text).toContain('"stream_truncated"');
    expect(strong.requests).toHaveLength(0);
  });

  test('what the client got wrong is told, not asked of another', async () => {
    weak.enqueue(failure(400, { error: { message: 'temperature too high', type: 'x' } }));
    const reply = await chat(ask('hi'));
    expect(reply.status).toBe(400);
    expect(strong.requests).toHaveLength(0);
  });

  test('both fail: the last cause, the attempts that were made, no more', async () => {
    weak.always(failure(500));
    strong.always(failure(500));
    const reply = await chat(ask('hi'));
    expect(reply.status).toBe(502);
    const attempts = Number(reply.headers.get('x-pointsman-attempts'));
    expect(attempts).toBe(weak.requests.length + strong.requests.length);
    expect(attempts).toBeLessThanOrEqual(3);
  });

  test.each([
    [401, 'upstream_auth_failed', 'Check the key of strong.'],
    [404, 'upstream_not_found', 'Check the base URL of strong.'],
    [500, 'upstream_error', 'failed (500).'],
  ])('both answer %d: the last is told, the first is named', async (status, code, told) => {
    weak.always(failure(status));
    strong.always(failure(status));
    const reply = await chat(ask('hi'));
    expect(reply.status).toBe(502);
    expect(reply.json).toMatchObject({ error: { code } });
    expect(messageOf(reply)).toContain(`${told} (Also failed: weak with ${code} ${status}.)`);
  });

  test('one fails while the other is out of service: that is said, too', async () => {
    weak.always(failure(401));
    await chat(ask('hi'));
    strong.always(failure(500));
    const reply = await chat(ask('hi'));
    expect(reply.json).toMatchObject({ error: { code: 'upstream_error' } });
    const also = '(Also failed: weak with no_deployment_available.)';
    expect(messageOf(reply)).toContain(`failed (500). ${also}`);
  });

  test('one alone is told as it is', async () => {
    weak.always(failure(500));
    const reply = await chat(ask('hi', { disable_fallbacks: true }));
    expect(reply.text).not.toContain('Also failed');
  });
});

describe('what a request may say itself', () => {
  test('disable_fallbacks and num_retries, and neither reaches the upstream', async () => {
    weak.enqueue(failure(500));
    const reply = await chat(ask('hi', { disable_fallbacks: true, num_retries: 0 }));
    expect(reply.status).toBe(502);
    expect(strong.requests).toHaveLength(0);
    expect(Object.keys(weak.requests[0]?.body ?? {})).toEqual(['model', 'messages']);
  });

  test('a fallback that is not configured is a 400 that lists what is', async () => {
    const reply = await chat(ask('hi', { fallbacks: ['gpt-4'] }));
    expect(reply.status).toBe(400);
    expect(reply.json).toMatchObject({ error: { param: 'fallbacks' } });
    expect(reply.text).toContain('strong, weak');
  });

  test('AT-19: a single name is one name', async () => {
    weak.enqueue(failure(500));
    expect((await chat(ask('hi', { fallbacks: 'strong' }))).status).toBe(200);
    weak.enqueue(failure(500));
    expect((await chat(ask('hi', { fallbacks: 'strong-model:7b' }))).status).toBe(200);
  });
});

describe('a dead deployment', () => {
  test('is left alone for a while, and asked again by one probe', async () => {
    weak.always(failure(401));
    await chat(ask('hi'));
    await chat(ask('hi'));
    await chat(ask('hi'));
    expect(weak.requests).toHaveLength(1);
    const { json } = await get(`${gateway.url}/health`);
    expect(json['deployments']).toMatchObject([
      { id: 'strong', state: 'closed' },
      { id: 'weak', state: 'open' },
    ]);
  });

  test('a hundred clients of dead upstreams stay within the call budget', async () => {
    weak.always(failure(401));
    strong.always(failure(401));
    const replies = await Promise.all(Array.from({ length: 60 }, () => chat(ask('hi'))));
    for (const reply of replies) expect([502, 503]).toContain(reply.status);
    const before = weak.requests.length + strong.requests.length;
    const late = await chat(ask('hi'));
    expect(late.status).toBe(503);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(weak.requests.length + strong.requests.length).toBe(before);
  });
});
