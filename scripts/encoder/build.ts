/**
 * Rebuilds models/minilm/ from the original weights: npx tsx scripts/encoder/build.ts FOLDER...
 * Each FOLDER holds *.jsonl with `prompt` or `messages`, and weighs the same in the centre of the
 * vectors; without one, the centre stays as it is. Needs the npm registry; writes the same bytes
 * every time (a centre, to six digits, on processors that round sums alike).
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncoderManifest } from '../../src/embedding/encoder-manifest.ts';
import { loadTokenMeans, type EncodeText } from '../../src/embedding/minilm-encoder.ts';
import { fetchPackage, sourcePackage } from './fetch-package.ts';
import { readHalfWeights } from './half-weights.ts';
import { buildMinilmGraph, windowPlaces } from './minilm-graph.ts';
import { readPrompts } from './read-prompts.ts';
import { readWholeTextTokenizer } from './whole-text-tokenizer.ts';

const [dimensions, windowTokens, maxWindows] = [384, windowPlaces, 4];
const target = fileURLToPath(new URL('../../models/minilm/', import.meta.url));

function writeModelFile(
  path: string,
  content: Uint8Array | string,
): { path: string; bytes: number; sha256: string } {
  const bytes = Buffer.from(content);
  mkdirSync(dirname(join(target, path)), { recursive: true });
  writeFileSync(join(target, path), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { path, bytes: bytes.length, sha256 };
}

/** The mean over the folders of the mean over their prompts, to six digits. */
async function centreOf(paths: readonly string[], encode: EncodeText): Promise<number[]> {
  const centre = new Array<number>(dimensions).fill(0);
  for (const path of paths) {
    const prompts = readPrompts(path);
    if (prompts.length === 0) throw new Error(`no prompt in the *.jsonl of ${path}`);
    for (const prompt of prompts) {
      const { vector } = await encode(prompt);
      for (const [i, value] of vector.entries()) {
        centre[i]! += value / prompts.length / paths.length;
      }
    }
    console.log(`${prompts.length} prompts of ${path}`);
  }
  return centre.map((value) => Number(value.toPrecision(6)));
}

const folders = process.argv.slice(2);
const known = folders.length > 0 ? null : readFileSync(join(target, 'centre.json'));
const folder = mkdtempSync(join(tmpdir(), 'minilm-'));
try {
  const source = join(fetchPackage(sourcePackage, folder), 'model');
  const tokenizer = readWholeTextTokenizer(join(source, 'tokenizer.json'));
  const model = buildMinilmGraph(readHalfWeights(join(source, 'model.fp16.safetensors')), 'uint8');
  const network = {
    model: writeModelFile('onnx/model.onnx', model),
    tokenizer: writeModelFile('tokenizer.json', `${JSON.stringify(tokenizer)}\n`),
    tokenizerConfig: writeModelFile(
      'tokenizer_config.json',
      `${JSON.stringify({ tokenizer_class: 'PreTrainedTokenizer' })}\n`,
    ),
  };
  const encode = await loadTokenMeans(target, { files: network, windowTokens, maxWindows });
  const centre = known ?? `${JSON.stringify(await centreOf(folders, encode))}\n`;
  const manifest: EncoderManifest = {
    formatVersion: 1,
    id: 'minilm-384-v1',
    ...{ dimensions, windowTokens, maxWindows },
    files: { ...network, centre: writeModelFile('centre.json', centre) },
    provenance: {
      name: 'all-MiniLM-L6-v2 (sentence-transformers), its first three layers',
      license: 'Apache-2.0',
      package: `${sourcePackage.name}@${sourcePackage.version}`,
      integrity: sourcePackage.integrity,
      paper: 'https://arxiv.org/abs/2002.10957',
      storage: 'weights as uint8 with one scale per column, activations quantized at run time',
    },
  };
  writeModelFile('LICENSE-package', readFileSync(join(source, '..', 'LICENSE')));
  writeModelFile('encoder.json', `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`wrote ${manifest.id}, ${manifest.files.model.bytes} bytes, to ${target}`);
} finally {
  rmSync(folder, { recursive: true });
}
