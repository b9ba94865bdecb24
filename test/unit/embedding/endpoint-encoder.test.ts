import {
  createServer,
  type IncomingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  createEndpointEncoder,
  type EndpointEncoderOptions,
} from '../../../src/embedding/endpoint-encoder.ts';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { ConfigError, EmbeddingError } from '../../../src/errors.ts';
import { Secret } from '../../../src/secret.ts';

interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: { model: string; input: string[]; encoding_format: string; dimensions?: number };
}

type Answer = (request: Received, response: ServerResponse) => void;

let server: Server;
let baseUrl: string;
let received: Received[];
/** Answers to play, in order; after the last, `vectors`. */
let script: Answer[];
let embedder: Embedder | undefined;

const json =
  (status: number, body: unknown): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(JSON.stringify(body));

/** For each text the vector [length, 4], so that order shows; `dimensions` zeros are added. */
function vectors(dimensions = 2): Answer {
  return (request, response) => {
    const data = request.body.input.map((text, index) => {
      const embedding = [text.length, 4, ...Array<number>(dimensions - 2).fill(0)];
      return { object: 'embedding', index, embedding };
    });
    json(200, { object: 'list', data: data.reverse() })(request, response);
  };
}

const hangUp: Answer = (_, response) => void response.destroy();
const silence: Answer = () => {};

beforeEach(async () => {
  received = [];
  script = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
      const entry = { path: request.url ?? '', headers: request.headers, body };
      received.push(entry);
      (script.shift() ?? vectors())(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await embedder?.close();
  embedder = undefined;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function open(options: Partial<EndpointEncoderOptions> = {}): Promise<Embedder> {
  embedder = await createEndpointEncoder({ baseUrl, model: 'nomic-embed-text', ...options });
  return embedder;
}

it('asks the endpoint once at the start and names the vectors for model and dimensions', async () => {
  const { id, dimensions } = await open();
  expect({ id, dimensions }).toEqual({ id: 'endpoint:nomic-embed-text:2', dimensions: 2 });
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({
    path: '/v1/embeddings',
    body: { model: 'nomic-embed-text', encoding_format: 'float' },
  });
});

it('starts without asking where the dimensions are given, and asks for them', async () => {
  const endpoint = await open({ dimensions: 3 });
  expect(received).toHaveLength(0);
  script = [vectors(3)];
  await endpoint.embed(['a']);
  expect(endpoint.id).toBe('endpoint:nomic-embed-text:3');
  expect(received[0]?.body.dimensions).toBe(3);
});

it('gives unit vectors in the order of the texts, whatever the order of the answer', async () => {
  const endpoint = await open();
  const embeddings = await endpoint.embed(['aaa', '1234']);
  expect([...embeddings[0]!.vector]).toEqual([expect.closeTo(0.6, 6), expect.closeTo(0.8, 6)]);
  expect([...embeddings[1]!.vector]).toEqual([
    expect.closeTo(Math.SQRT1_2, 6),
    expect.closeTo(Math.SQRT1_2, 6),
  ]);
  expect(embeddings[0]).toMatchObject({ tokens: null, unknownShare: null });
});

it('splits many texts over requests', async () => {
  const endpoint = await open();
  expect(await endpoint.embed(Array<string>(150).fill('a'))).toHaveLength(150);
  expect(received.slice(1).map(({ body }) => body.input.length)).toEqual([64, 64, 22]);
});

it('reads base64 answers as little-endian float32', async () => {
  const embedding = Buffer.from(Float32Array.of(3, 4).buffer).toString('base64');
  script = [json(200, { data: [{ index: 0, embedding }] })];
  const { dimensions } = await open();
  expect(dimensions).toBe(2);
});

it('sends the key when there is one, and none from the environment', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-from-environment');
  vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:9');
  const first = await open();
  expect(received[0]?.headers.authorization).toBeUndefined();
  await first.close();
  await open({ apiKey: new Secret('sk-given') });
  expect(received[1]?.headers.authorization).toBe('Bearer sk-given');
});

it.each([
  ['', '/v1/embeddings'],
  ['/', '/v1/embeddings'],
  ['/v1/', '/v1/embeddings'],
  ['/compatible-mode/v1', '/compatible-mode/v1/embeddings'],
  ['/v1beta/openai/', '/v1beta/openai/embeddings'],
])('keeps the path "%s" of the base URL: %s', async (path, expected) => {
  await open({ baseUrl: baseUrl + path });
  expect(received[0]?.path).toBe(expected);
});

it.each([
  ['a 500', json(500, { error: 'x' })],
  ['a 429', json(429, { error: 'x' })],
  ['a lost connection', hangUp],
  ['no answer in time', silence],
])('tries once more after %s', async (_, failure) => {
  const endpoint = await open({ timeoutMs: failure === silence ? 1000 : 10_000 });
  script = [failure];
  expect(await endpoint.embed(['a'])).toHaveLength(1);
  expect(received).toHaveLength(3);
});

it('does not try a third time', async () => {
  const endpoint = await open();
  script = [json(503, {}), json(503, {})];
  await expect(endpoint.embed(['a'])).rejects.toThrow(
    /model nomic-embed-text.* failed: status 503/,
  );
  expect(received).toHaveLength(3);
});

it('does not repeat what will fail again', async () => {
  const endpoint = await open();
  script = [json(401, { error: 'bad key' })];
  await expect(endpoint.embed(['a'])).rejects.toThrow('status 401');
  expect(received).toHaveLength(2);
});

it('repeats nothing of an answer that is not JSON', async () => {
  const endpoint = await open();
  script = [(_, response) => void response.end('sk-canary')];
  await expect(endpoint.embed(['a'])).rejects.toThrow(/failed: the answer is not JSON$/);
});

it('names both lengths when a later vector has another one', async () => {
  const endpoint = await open();
  script = [vectors(5)];
  const failure = endpoint.embed(['a']);
  await expect(failure).rejects.toThrow(EmbeddingError);
  await expect(failure).rejects.toThrow('5 numbers, expected 2');
});

it.each([
  ['something else', json(200, { hello: 1 })],
  ['too few vectors', json(200, { data: [{ index: 0, embedding: [1, 2] }] })],
  ['no JSON', (_: Received, response: ServerResponse) => void response.end('<html>')],
])('rejects %s', async (_, answer) => {
  const endpoint = await open();
  script = [answer];
  await expect(endpoint.embed(['a', 'b'])).rejects.toThrow(EmbeddingError);
});

it('cuts a very long text in the middle, and sends no half surrogate pair and no empty text', async () => {
  const endpoint = await open();
  const pasted = `ask${'x'.repeat(11_996)}${'😀'.repeat(20_000)}end`;
  await endpoint.embed([pasted, '']);
  const [long, empty] = received[1]!.body.input;
  expect(long!.length).toBeLessThanOrEqual(24_000);
  expect(long!.startsWith('askxxx') && long!.endsWith('😀end')).toBe(true);
  expect(/\p{Surrogate}/u.test(long!)).toBe(false);
  expect(empty).toBe(' ');
});

it('cuts by tokens, of which a letter that is not ASCII may be one', async () => {
  const endpoint = await open({ dimensions: 2 });
  await endpoint.embed(['漢'.repeat(12_500), 'a'.repeat(23_000), 'ab漢字'.repeat(5_000)]);
  expect(received[0]!.body.input.map(({ length }) => length)).toEqual([6_000, 23_000, 9_600]);
});

it.each([400, 413])(
  'sends less of a text that is refused with %d, and all of the others',
  async (status) => {
    const refused = json(status, { error: { message: 'maximum context length' } });
    script = [refused, vectors(), refused];
    const endpoint = await open({ dimensions: 2 });
    const made = await endpoint.embed(['b'.repeat(7_000), 'x'.repeat(20_000)]);
    const sent = received.map(({ body }) => body.input.map(({ length }) => length));
    expect(sent).toEqual([[7_000, 20_000], [7_000], [20_000], [6_000]]);
    expect(made).toHaveLength(2);
  },
);

it("quotes the endpoint's own words, bounded and without keys", async () => {
  const said = `bad input from sk-canary-0123456789abcdef, the key secret-canary-1: ${'long '.repeat(200)}`;
  script = [json(400, { error: { message: said } })];
  const endpoint = await open({ dimensions: 2, apiKey: new Secret('secret-canary-1') });
  const error = await endpoint.embed(['a']).catch((thrown: unknown) => thrown as Error);
  const { message } = error as Error;
  expect(message).toContain('failed: status 400: bad input from ***, the key ***: long long');
  expect(message).not.toContain('canary');
  expect(message.length).toBeLessThan(500);
  expect(received).toHaveLength(1);
});

it('stops when the signal aborts', async () => {
  const endpoint = await open();
  script = [silence];
  const controller = new AbortController();
  const call = endpoint.embed(['a'], controller.signal);
  setTimeout(() => controller.abort(), 20);
  await expect(call).rejects.toThrow(EmbeddingError);
  expect(received.length).toBeLessThanOrEqual(2);
});

it('says what to check when the endpoint is not there at the start', async () => {
  const failure = open({ baseUrl: 'http://127.0.0.1:9' });
  await expect(failure).rejects.toThrow(ConfigError);
  await expect(failure).rejects.toThrow(/127\.0\.0\.1:9.*Start the endpoint/);
});
