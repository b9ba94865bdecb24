import { join } from 'node:path';
import { OpenAIEmbeddings } from '@langchain/openai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CachedEmbedder } from '../../src/embedding/embedding-cache.ts';
import { createFastEncoder } from '../../src/embedding/fast-encoder.ts';
import { EmbeddingError } from '../../src/errors.ts';
import { Secret } from '../../src/secret.ts';
import { get, post } from '../support/chat.ts';
import { deployment } from '../support/deployment.ts';
import { readLog, waitForDecision, waitForRow } from '../support/read-log.ts';
import {
  failure,
  startScriptedUpstream,
  type Script,
  type ScriptedUpstream,
} from '../support/scripted-upstream.ts';
import { startTestGateway, type TestGateway } from '../support/start-gateway.ts';
import { tempFolder } from '../support/temp-folder.ts';

const numbers = [0.5, -0.25, 3.402823e38, 1e-40, 0.1, -1];
const float32 = Float32Array.from(numbers);
const base64 = Buffer.from(float32.buffer).toString('base64');

/** Embeds every text by its length; "broken" fails, "slow" ends with its signal, in its own words. */
const own: CachedEmbedder = {
  id: 'tiny-2',
  dimensions: 2,
  embed: async (texts, signal) => {
    if (texts.includes('broken')) throw new EmbeddingError('The scripted embedder failed.');
    if (texts.includes('slow')) {
      await new Promise((resolve) => signal?.addEventListener('abort', resolve));
      throw new EmbeddingError('aborted');
    }
    return texts.map((text) => ({
      vector: Float32Array.of(0.1, text.length),
      tokens: text === 'uncounted' ? null : text.length,
      unknownShare: 0,
    }));
  },
  close: () => Promise.resolve(),
  counts: () => ({ hits: 0, misses: 0 }),
};

const vectors =
  (encoding: 'as asked' | 'float' | 'base64', shuffled = false): Script =>
  (res, { body }) => {
    const asked = encoding === 'as asked' ? body['encoding_format'] : encoding;
    const count = Array.isArray(body['input']) ? body['input'].length : 1;
    const data = Array.from({ length: count }, (_, index) => ({
      ...{ object: 'embedding', index, extra: 'kept' },
      embedding: asked === 'base64' ? base64 : numbers,
    }));
    if (shuffled) data.reverse();
    res.writeHead(200, { 'content-type': 'application/json', 'x-ratelimit-limit-requests': '9' });
    const usage = { prompt_tokens: 4, total_tokens: 4 };
    res.end(JSON.stringify({ object: 'list', data, model: body['model'], usage }));
  };

let upstream: ScriptedUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  const embeddingsUpstream = deployment({
    ...{ id: 'embeddings_upstream', group: 'embeddings', name: 'nomic', model: 'nomic' },
    ...{ baseUrl: upstream.url, apiKey: new Secret('upstream-key') },
  });
  gateway = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...config,
    embeddingsUpstream,
  }));
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'client-key', maxRetries: 0 });
});

beforeEach(async () => {
  // With breakers that have seen nothing.
  await gateway.replace(gateway.config, { ...gateway.parts, embedder: own });
  upstream.requests.length = 0;
  upstream.always(vectors('as asked'));
});

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const embed = (body: unknown) => post(`${gateway.url}/v1/embeddings`, body);

describe('by an upstream', () => {
  test.each(['as asked', 'float', 'base64'] as const)(
    'the client gets the encoding it asked for when the upstream answers %s',
    async (encoding) => {
      upstream.always(vectors(encoding, true));
      const asFloat = await embed({ model: 'nomic', input: ['a', 'b'], encoding_format: 'float' });
      const asBase64 = await embed({ model: 'nomic', input: 'a', encoding_format: 'base64' });
      const data = asFloat.json['data'] as { index: number; embedding: number[] }[];
      expect(data.map(({ index }) => index).sort()).toEqual([0, 1]);
      for (const { embedding } of data) expect(Float32Array.from(embedding)).toEqual(float32);
      expect(asBase64.json['data']).toMatchObject([{ index: 0, embedding: base64 }]);
      expect(asBase64.json['usage']).toEqual({ prompt_tokens: 4, total_tokens: 4 });
    },
  );

  test('the official client, which asks for base64 without saying so', async () => {
    for (const encoding of ['as asked', 'float', 'base64'] as const) {
      upstream.always(vectors(encoding));
      const answer = await client.embeddings.create({ model: 'nomic', input: 'a' });
      expect(Float32Array.from(answer.data[0]?.embedding ?? [])).toEqual(float32);
    }
    const { path, headers, body } = upstream.requests[0] ?? {};
    expect(path).toBe('/v1/embeddings');
    expect(headers?.['authorization']).toBe('Bearer upstream-key');
    expect(body).toEqual({ model: 'nomic', input: 'a', encoding_format: 'float' });
  });

  test('LangChain', async () => {
    const langchain = new OpenAIEmbeddings({
      ...{ model: 'nomic', apiKey: 'x', maxRetries: 0 },
      configuration: { baseURL: `${gateway.url}/v1` },
    });
    const [first, second] = await langchain.embedDocuments(['a', 'b']);
    expect(Float32Array.from(first ?? [])).toEqual(float32);
    expect(second).toEqual(first);
  });

  test('token ids, dimensions and unknown fields pass; the log has a row', async () => {
    const request = { model: 'nomic', input: [[1, 2], [3]], dimensions: 6, user: 'u' };
    const reply = await embed(request);
    expect(reply.status).toBe(200);
    expect(upstream.requests[0]?.body).toEqual({ ...request, encoding_format: 'float' });
    expect(reply.headers.get('x-ratelimit-limit-requests')).toBe('9');
    expect(reply.headers.get('x-pointsman-model')).toBe('nomic');
    expect(await waitForDecision(gateway.db, reply.headers)).toMatchObject({
      ...{ endpoint: 'embeddings', tier: 'none', reason: 'bypass', status: 200, outcome: 'done' },
      ...{ upstream_model: 'nomic', upstream_url: `${upstream.url}/v1/embeddings` },
      ...{ prompt_tokens: 4, completion_tokens: 0, is_usage_estimated: 0 },
      deployment_id: 'embeddings_upstream',
    });
  });

  test('tokens that it does not count are estimated, and the row says so', async () => {
    upstream.always(failure(200, { data: [{ embedding: [1] }] }));
    const reply = await embed({ model: 'nomic', input: 'eight ch' });
    expect(await waitForDecision(gateway.db, reply.headers)).toMatchObject({
      ...{ status: 200, prompt_tokens: 9, completion_tokens: 0, is_usage_estimated: 1 },
    });
  });

  test.each([
    ['too few vectors', { data: [{ embedding: [1] }] }],
    ['no vectors', { data: [] }],
    ['no list', { embeddings: [[1]] }],
    ['an empty vector', { data: [{ embedding: [] }, { embedding: [1] }] }],
    ['numbers that are none', { data: [{ embedding: ['x'] }, { embedding: [1] }] }],
    ['an error with status 200', { error: { message: 'upstream-key is bad' } }],
    ['HTML', '<html>upstream-key</html>'],
  ])('%s: 502, the key not shown', async (_name, answer) => {
    upstream.always(failure(200, answer));
    const reply = await embed({ model: 'nomic', input: ['a', 'b'] });
    expect(reply.status).toBe(502);
    expect(reply.json['error']).toMatchObject({ type: 'upstream_error' });
    expect(reply.text + gateway.logLines.join()).not.toContain('upstream-key');
  });

  test('its refusal is told, its failure is tried once more', async () => {
    upstream.enqueue(failure(400, { error: { message: 'input is too long' } }));
    expect((await embed({ model: 'nomic', input: 'a' })).status).toBe(400);
    upstream.enqueue(failure(500));
    const reply = await embed({ model: 'nomic', input: 'a' });
    expect([reply.status, reply.headers.get('x-pointsman-attempts')]).toEqual([200, '2']);
  });

  test('F21: abort reaches it', async () => {
    upstream.closed.length = 0;
    upstream.enqueue(() => {});
    const controller = new AbortController();
    const request = { model: 'nomic', input: 'a' };
    const pending = client.embeddings.create(request, { signal: controller.signal });
    await expect.poll(() => upstream.requests.length).toBe(1);
    controller.abort();
    await expect(pending).rejects.toThrow();
    await upstream.closed[0];
    const row = await waitForRow(gateway.db, ({ outcome }) => outcome === 'client_abort');
    expect(row).toMatchObject({ endpoint: 'embeddings', status: 499, error_code: null });
  });
});

describe('by our own encoder', () => {
  test.each(['local', 'tiny-2'])('as %s: vectors, tokens, both encodings', async (model) => {
    const reply = await embed({ model, input: ['abc', 'de', 'f', 'g', 'h'] });
    expect(reply.json).toMatchObject({
      ...{ object: 'list', model: 'tiny-2', usage: { prompt_tokens: 8, total_tokens: 8 } },
    });
    const { data } = await client.embeddings.create({ model, input: 'abc', dimensions: 2 });
    expect(data).toMatchObject([
      { object: 'embedding', index: 0, embedding: [Math.fround(0.1), 3] },
    ]);
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ upstream_model: 'tiny-2', prompt_tokens: 8, attempts: 0 });
    expect(row).toMatchObject({ completion_tokens: 0, is_usage_estimated: 0 });
    expect(upstream.requests).toHaveLength(0);
  });

  test('tokens that it does not count are estimated, and the row says so', async () => {
    const reply = await embed({ model: 'local', input: ['abc', 'uncounted'] });
    const row = await waitForDecision(gateway.db, reply.headers);
    expect(row).toMatchObject({ status: 200, prompt_tokens: 6, is_usage_estimated: 1 });
  });

  test('that fails: 503', async () => {
    const reply = await embed({ model: 'local', input: 'broken' });
    expect(reply.status).toBe(503);
    expect(reply.json['error']).toMatchObject({ code: 'router_embedding_failed' });
  });
});

test.each([
  [{ input: 'a' }, 400, 'model'],
  [{ model: 'local' }, 400, 'input'],
  [{ model: 'local', input: '' }, 400, 'input'],
  [{ model: 'local', input: [] }, 400, 'input'],
  [{ model: 'local', input: ['a', ''] }, 400, 'input[1]'],
  [{ model: 'local', input: ['a', 3] }, 400, 'input[1]'],
  [{ model: 'local', input: [1, 2] }, 400, 'input'],
  [{ model: 'local', input: [[1], [2]] }, 400, 'input'],
  [{ model: 'local', input: new Array(2049).fill('a') }, 400, 'input'],
  [{ model: 'local', input: 'a', dimensions: 3 }, 400, 'dimensions'],
  [{ model: 'local', input: 'a', dimensions: 0 }, 400, 'dimensions'],
  [{ model: 'local', input: 'a', encoding_format: 'int8' }, 400, 'encoding_format'],
  [{ model: 'local', input: 'a', base_url: 'http://evil' }, 400, 'base_url'],
  [{ model: 'text-embedding-3-small', input: 'a' }, 404, 'model'],
])('%j is a %d that names %s', async (body, status, param) => {
  const reply = await embed(body);
  expect(reply.status).toBe(status);
  expect(reply.json['error']).toMatchObject({ param, type: 'invalid_request_error' });
  expect(upstream.requests).toHaveLength(0);
});

test.each([
  ['an upstream', 'nomic'],
  ['our own encoder', 'local'],
])('a shutdown that ends them: by %s, 503 for the client and in the log', async (_name, model) => {
  const db = join(tempFolder(), 'log.db'); // outlives the gateway
  const closing = await startTestGateway({ strong: upstream.url }, (config) => ({
    ...{ ...config, db, embeddingsUpstream: gateway.config.embeddingsUpstream },
    timeouts: { ...config.timeouts, drainMs: 50 },
  }));
  await closing.replace(closing.config, { ...closing.parts, embedder: own });
  upstream.always(() => {});
  const pending = post(`${closing.url}/v1/embeddings`, { model, input: 'slow' });
  const inFlight = async () => (await get(`${closing.url}/health`)).json['in_flight'];
  await expect.poll(inFlight).toBe(1);
  await closing.close();
  const reply = await pending;
  expect(reply.status).toBe(503);
  expect(reply.json['error']).toMatchObject({ code: 'shutting_down' });
  expect(readLog(db)).toMatchObject([
    { status: 503, outcome: 'upstream_error', error_code: 'shutting_down' },
  ]);
});

test('a router that scores wording alone has no encoder to offer', async () => {
  const embedder = { ...createFastEncoder(), counts: () => ({ hits: 0, misses: 0 }) };
  await gateway.replace(gateway.config, { ...gateway.parts, embedder });
  for (const model of ['local', 'fast']) {
    const reply = await embed({ model, input: 'hi' });
    expect(reply.status).toBe(404);
    expect(reply.json).toMatchObject({
      error: {
        code: 'model_not_found',
        message: `There is no embedding model "${model}" here. Known: nomic.`,
      },
    });
  }
});
