import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Embedding } from './embedder.ts';
import type { EncoderManifest } from './encoder-manifest.ts';
import { createMinilmTokenizer } from './minilm-tokenizer.ts';
import { openOnnxSession } from './onnx-session.ts';
import { normalizeInPlace, poolWindows, splitIntoWindows } from './token-windows.ts';

/** What an encoder process runs: one text at a time. */
export type EncodeText = (text: string) => Promise<Embedding>;

type Network = Pick<EncoderManifest, 'windowTokens' | 'maxWindows'> & {
  readonly files: Omit<EncoderManifest['files'], 'centre'>;
};

async function readJson(file: string): Promise<object> {
  return JSON.parse(await readFile(file, 'utf8')) as object;
}

/** Tokens of a window that are not of the text. */
export const windowEnds = 2;

/** A window as the network was trained to read it: [CLS], ids of the text, [SEP]. */
export function windowOf(ids: readonly number[]): number[] {
  return [101, ...ids, 102];
}

/**
 * The first layers of all-MiniLM-L6-v2: the mean of all tokens, of however many windows, less the
 * mean of many prompts (which the cosine of any two would share), scaled to length 1.
 */
export async function loadMinilmEncoder(
  folder: string,
  manifest: EncoderManifest,
): Promise<EncodeText> {
  const [encode, centre] = await Promise.all([
    loadTokenMeans(folder, manifest),
    readJson(join(folder, manifest.files.centre.path)) as Promise<readonly number[]>,
  ]);
  return async (text) => {
    const { vector, ...rest } = await encode(text);
    return { vector: normalizeInPlace(vector.map((value, i) => value - centre[i]!)), ...rest };
  };
}

/**
 * The mean over the tokens, [CLS] and [SEP] among them, as the network gives it.
 *
 * Texts are run one at a time on purpose: a batch needs equal lengths, and with one activation
 * scale per tensor a vector would depend on its neighbours.
 */
export async function loadTokenMeans(
  folder: string,
  { files, windowTokens, maxWindows }: Network,
): Promise<EncodeText> {
  const [tokenizerJson, tokenizerConfig, session] = await Promise.all([
    readJson(join(folder, files.tokenizer.path)),
    readJson(join(folder, files.tokenizerConfig.path)),
    openOnnxSession(join(folder, files.model.path)),
  ]);
  const tokenize = createMinilmTokenizer(tokenizerJson, tokenizerConfig);

  return async (text) => {
    const { ids, tokens, unknownShare } = tokenize(text);
    const parts =
      ids.length > 0 ? splitIntoWindows(ids, windowTokens - windowEnds, maxWindows) : [[]];
    const windows = parts.map(windowOf);
    const vectors: Float32Array[] = [];
    for (const window of windows) vectors.push(await session.run(window));
    const sizes = windows.map((window) => window.length);
    return { vector: poolWindows(vectors, sizes), tokens, unknownShare };
  };
}
