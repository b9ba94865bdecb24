import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Embedder } from '../../../src/embedding/embedder.ts';
import { createLocalEncoder } from '../../../src/embedding/local-encoder.ts';
import { windowOf } from '../../../src/embedding/minilm-encoder.ts';
import { openOnnxSession, type OnnxSession } from '../../../src/embedding/onnx-session.ts';
import { ConfigError } from '../../../src/errors.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const folder = fileURLToPath(new URL('../../../models/minilm/', import.meta.url));
const fixture = new URL('../../fixtures/minilm-golden.json', import.meta.url);
const golden = JSON.parse(readFileSync(fixture, 'utf8')) as { text: string; ids: number[] }[];
let embedder: Embedder;

function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

beforeAll(async () => {
  embedder = await createLocalEncoder({ processes: 1 });
});

afterAll(() => embedder.close());

it('names its vectors', () => {
  expect(embedder.id).toBe('minilm-384-v1');
  expect(embedder.dimensions).toBe(384);
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

describe('against the plain network', () => {
  let session: OnnxSession;

  beforeAll(async () => {
    session = await openOnnxSession(join(folder, 'onnx/model.onnx'));
  });

  const centre = JSON.parse(readFileSync(join(folder, 'centre.json'), 'utf8')) as number[];

  /** Token by token, [CLS] and [SEP] of each window among them. */
  async function expected(ids: readonly number[]): Promise<number[]> {
    const sum = new Float64Array(384);
    let tokens = 0;
    for (let start = 0; start < Math.max(1, ids.length); start += 254) {
      const window = windowOf(ids.slice(start, start + 254));
      const mean = await session.run(window);
      mean.forEach((value, i) => (sum[i]! += window.length * value));
      tokens += window.length;
    }
    const centred = Array.from(sum, (value, i) => value / tokens - centre[i]!);
    const norm = Math.hypot(...centred);
    return centred.map((value) => value / norm);
  }

  it('a vector is the mean over all tokens, of however many windows, centred and of length 1', async () => {
    expect(golden.filter(({ ids }) => ids.length > 254).length).toBeGreaterThan(0);
    for (const { text, ids } of golden) {
      const [embedding] = await embedder.embed([text]);
      const vector = await expected(ids);
      expect(cosine(embedding!.vector, Float32Array.from(vector))).toBeCloseTo(1, 6);
      expect(Math.hypot(...embedding!.vector)).toBeCloseTo(1, 5);
      expect(embedding!.tokens).toBe(ids.length);
    }
  });
});

it('lets the end of a very long text count', async () => {
  const pasted = 'Tell me about the history of the Roman empire and its roads. '.repeat(300);
  const [plain, asked] = await embedder.embed([pasted, `${pasted}Now write it in Python code.`]);
  expect(cosine(plain!.vector, asked!.vector)).toBeLessThan(0.99995);
});

it('rejects at once when the signal aborts, and drops the texts that wait', async () => {
  const controller = new AbortController();
  const long = 'word after word '.repeat(2000);
  const aborted = embedder.embed(Array<string>(4000).fill(long), controller.signal);
  controller.abort();
  await expect(aborted).rejects.toThrow('aborted');
  await embedder.embed(['next']); // behind the others it would wait longer than a call may
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

it('says what to do where the native part of onnxruntime cannot be loaded, as on Alpine', async () => {
  const hook = join(tempFolder(), 'no-onnxruntime.cjs');
  writeFileSync(
    hook,
    `const { dlopen } = process;
    process.dlopen = (module, file, ...rest) => {
      if (!file.includes('onnxruntime')) return dlopen(module, file, ...rest);
      throw Object.assign(new Error('ld-linux-x86-64.so.2: cannot open'), { code: 'ERR_DLOPEN_FAILED' });
    };`,
  );
  vi.stubEnv('NODE_OPTIONS', `--require ${hook}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  const start = createLocalEncoder({ processes: 1 });
  await expect(start).rejects.toBeInstanceOf(ConfigError);
  await expect(start).rejects.toThrow(
    /cannot run on this system, \w+ \w+ \(ld-linux-x86-64\.so\.2: cannot open\).*embedder: fast/,
  );
});
