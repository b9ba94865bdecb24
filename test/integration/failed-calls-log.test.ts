import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { DispatchSettings } from '../../src/dispatch/group.ts';
import { ask, get, post } from '../support/chat.ts';
import {
  completion,
  failure,
  sendStream,
  startScriptedUpstream,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import { refusedUrl } from '../support/tcp-upstream.ts';

let strong: ScriptedUpstream;
let weak: ScriptedUpstream;
let gateway: TestGateway;

const withDispatch = (dispatch: Partial<DispatchSettings>) => (config: Config) => ({
  ...config,
  dispatch: { ...config.dispatch, ...dispatch },
});

/** Without `verbose`. */
async function start(
  change?: (config: Config) => Config,
  weakUrl = weak.url,
  level: 'debug' | 'info' = 'info',
): Promise<void> {
  const urls = { strong: strong.url, weak: weakUrl };
  gateway = await startTestGateway(urls, change, undefined, undefined, level);
}

beforeEach(async () => {
  [strong, weak] = await Promise.all([startScriptedUpstream(), startScriptedUpstream()]);
});

afterEach(async () => {
  await gateway.close();
  await Promise.all([strong.close(), weak.close()]);
});

const chat = (rest = {}) => post(`${gateway.url}/v1/chat/completions`, ask('my secret plan', rest));
const said = (message: string, code: string | null = null) => ({
  error: { message, type: 'x', param: null, code },
});

const lines = () => gateway.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a call that failed, where another one is made', () => {
  test('F5: of another group: one line says who failed, how, in whose words, and who is asked', async () => {
    await start();
    weak.enqueue(failure(500, said('weak boom')));
    const reply = await chat();
    expect(reply.status).toBe(200);
    expect(lines()).toEqual([
      expect.objectContaining({
        ...{ level: 40, requestId: reply.headers.get('x-request-id') },
        ...{ from: 'weak', to: 'strong', code: 'upstream_error', status: 500 },
        cause: expect.stringContaining('answered 500: weak boom') as string,
        msg: expect.stringMatching(/^weak failed, strong is asked: The weak upstream/) as string,
      }),
    ]);
    expect(gateway.logLines.join('')).not.toContain('secret plan');
  });

  test.each([401, 429])(
    'all that fail with %d are told, the last with the answer',
    async (status) => {
      await start();
      weak.enqueue(failure(status, said('weak boom')));
      strong.always(failure(status, said('strong boom')));
      const requestId = (await chat({ num_retries: 0 })).headers.get('x-request-id');
      const told = lines().filter((line) => 'requestId' in line);
      expect(told).toMatchObject([
        { level: 40, requestId, status, cause: expect.stringContaining('weak boom') as string },
        { level: 40, requestId, status, cause: expect.stringContaining('strong boom') as string },
      ]);
    },
  );

  test('of the same group: a line for each retry', async () => {
    await start();
    weak.enqueue(failure(500, said('one')), failure(503, said('two')));
    const reply = await chat({ num_retries: 2, disable_fallbacks: true });
    expect(reply.status).toBe(200);
    expect(lines()).toMatchObject([
      { from: 'weak', to: 'weak', status: 500 },
      { from: 'weak', to: 'weak', status: 503 },
    ]);
  });

  test('what the model says of the request itself is left out: it may repeat its text', async () => {
    await start();
    const words = 'maximum context length is 9 tokens, not "my secret plan"';
    weak.enqueue(failure(400, said(words, 'context_length_exceeded')));
    expect((await chat()).status).toBe(200);
    expect(lines()).toMatchObject([
      { from: 'weak', to: 'strong', code: 'context_length_exceeded', status: 400 },
    ]);
    expect(gateway.logLines.join('')).not.toContain('secret plan');
  });

  test('a weak answer that broke off before a cascade could judge it', async () => {
    const cascade = { minConfidence: -0.5, tokens: 4, minScore: 0 };
    await start((config) => ({ ...config, cascade }));
    const logprobs = { content: [{ token: 'x', logprob: -0.1 }] };
    const first = { choices: [{ index: 0, delta: { content: 'one' }, logprobs }] };
    weak.enqueue((res) => sendStream(res, `data: ${JSON.stringify(first)}\n\n`));
    const reply = await chat({ stream: true });
    expect(reply.headers.get('x-pointsman-cascade')).toBe('escalated');
    expect(lines()).toMatchObject([{ from: 'weak', to: 'strong', code: 'stream_truncated' }]);
  });

  test('of an embeddings upstream', async () => {
    await start((config) => ({
      ...config,
      embeddingsUpstream: { ...config.weak, id: 'embeddings_upstream', group: 'embeddings' },
    }));
    weak.enqueue(failure(500), completion('', { data: [{ index: 0, embedding: [1, 2] }] }));
    const reply = await post(`${gateway.url}/v1/embeddings`, {
      ...{ model: gateway.config.weak.model, input: 'x' },
    });
    expect(reply.status).toBe(200);
    const requestId = reply.headers.get('x-request-id');
    const id = 'embeddings_upstream';
    expect(lines()).toMatchObject([{ requestId, from: id, to: id, status: 500 }]);
  });
});

describe('a deployment that is taken out', () => {
  test('is a line; calls that are not made because of it are none', async () => {
    await start(undefined, await refusedUrl());
    for (let i = 0; i < 8; i++) expect((await chat()).status).toBe(200);
    const failed = { level: 40, from: 'weak', to: 'strong', code: 'upstream_unreachable' };
    const out = { level: 40, deployment: 'weak', cooldownMs: 15_000 };
    expect(lines()).toMatchObject([failed, failed, failed, failed, out, failed]);
  });

  test('so is its coming back, and a probe that failed', async () => {
    await start(withDispatch({ cooldownMs: 1 }));
    const isHalfOpen = async () =>
      (await get(`${gateway.url}/health`)).text.includes('"state":"half_open"');
    weak.enqueue(failure(401), failure(401));
    await chat();
    await expect.poll(isHalfOpen).toBe(true);
    await chat();
    await expect.poll(isHalfOpen).toBe(true);
    await chat();
    const told = lines().filter(({ deployment }) => deployment === 'weak');
    expect(told).toMatchObject([{ level: 40 }, { level: 40 }, { level: 30 }]);
  });
});

describe.each(['info', 'debug'] as const)('at the level %s', (level) => {
  const boom = failure(500, said('weak boom'));
  const alone = { num_retries: 0, disable_fallbacks: true };

  test.each<[string, string, () => Promise<unknown>]>([
    ['an upstream', 'answered 500: weak boom', () => (weak.enqueue(boom), chat(alone))],
    ['one with a fallback', 'answered 500: weak boom', () => (weak.enqueue(boom), chat())],
  ])('what %s failed with is told, its stack with verbose only', async (_who, words, send) => {
    await start(undefined, weak.url, level);
    await send();
    const text = gateway.logLines.join('');
    expect(text).toContain(words);
    expect(text.includes('\\n    at ')).toBe(level === 'debug');
  });
});

test('a prompt that could not be scored is told without a stack', async () => {
  await start();
  await chat(ask('embedding fails'));
  expect(lines()).toMatchObject([{ level: 40, code: 'router_embedding_failed' }]);
  expect(gateway.logLines.join('')).toContain('The scripted embedder failed.');
  expect(gateway.logLines.join('')).not.toContain('\\n    at ');
});
