import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { readEncoderManifest } from '../../../src/embedding/encoder-manifest.ts';
import { createLocalEncoder } from '../../../src/embedding/local-encoder.ts';
import { openOnnxSession } from '../../../src/embedding/onnx-session.ts';
import { poolWindows } from '../../../src/embedding/token-windows.ts';
import { loadUseLiteEncoder } from '../../../src/embedding/use-lite-encoder.ts';
import { EmbeddingError } from '../../../src/errors.ts';

const folder = fileURLToPath(new URL('../../../models/use-lite/', import.meta.url));
let embedder: Embedder;

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

beforeAll(async () => {
  embedder = await createLocalEncoder({ processes: 1 });
});

afterAll(() => embedder.close());

it('names its vectors', () => {
  expect(embedder.id).toBe('use-lite-512-v1');
  expect(embedder.dimensions).toBe(512);
});

it('puts texts of like meaning closer together', async () => {
  const [cat, kitten, tax] = await embedder.embed([
    'How do I feed a cat?',
    'What should a kitten eat?',
    'File my income tax return online',
  ]);
  const near = cosine(cat!.vector, kitten!.vector);
  expect(near).toBeGreaterThan(cosine(cat!.vector, tax!.vector) + 0.2);
});

it('answers many texts in order, and the same text always with the same numbers', async () => {
  const texts = Array.from({ length: 40 }, (_, i) => `question number ${i % 20}`);
  const embeddings = await embedder.embed(texts);
  for (let i = 0; i < 20; i++) {
    expect(embeddings[i]!.vector).toEqual(embeddings[i + 20]!.vector);
    expect(embeddings[i]!.vector).not.toEqual(embeddings[(i + 1) % 20]!.vector);
  }
});

it('embeds odd texts to finite unit vectors', async () => {
  const texts = ['', ' ', '\n', '\0', '\ud800', '😀', '日本語', 'x'.repeat(100_000)];
  for (const { vector } of await embedder.embed(texts)) {
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
  }
});

it('counts no token in an empty text', async () => {
  const [empty] = await embedder.embed(['']);
  expect(empty).toMatchObject({ tokens: 0, unknownShare: 0 });
});

it('pools the windows of a long text and lets its end count', async () => {
  const encode = await loadUseLiteEncoder(folder, readEncoderManifest(folder));
  const session = await openOnnxSession(join(folder, 'onnx/model.onnx'));
  const head = 'Tell me about the history of the Roman empire and its roads. '.repeat(20);
  const [plain, asked] = await embedder.embed([head, `${head}Now write it in Python code.`]);
  expect(plain!.tokens).toBeGreaterThan(128);
  expect(cosine(plain!.vector, asked!.vector)).toBeLessThan(0.9999);
  expect((await encode(head)).vector).toEqual(plain!.vector);
  expect(poolWindows([await session.run([10, 11, 12])], [3])).toHaveLength(512);
});

it('rejects at once when the signal aborts, and drops the texts that wait', async () => {
  const controller = new AbortController();
  const long = 'word after word '.repeat(2000);
  const startedMs = performance.now();
  const aborted = embedder.embed(Array<string>(400).fill(long), controller.signal);
  controller.abort();
  await expect(aborted).rejects.toThrow(EmbeddingError);
  expect(performance.now() - startedMs).toBeLessThan(100);
  await embedder.embed(['next']);
  expect(performance.now() - startedMs).toBeLessThan(2000);
});

it('rejects a call whose signal has aborted before', async () => {
  await expect(embedder.embed(['a'], AbortSignal.abort())).rejects.toThrow('aborted');
});

it('returns nothing for no texts', async () => {
  expect(await embedder.embed([])).toEqual([]);
});

it('rejects what waits when it is closed, and every later call', async () => {
  const other = await createLocalEncoder({ processes: 1 });
  const waiting = other.embed(Array<string>(200).fill('wait for it'));
  const outcome = expect(waiting).rejects.toThrow('closed');
  await other.close();
  await outcome;
  await expect(other.embed(['late'])).rejects.toThrow('closed');
});
