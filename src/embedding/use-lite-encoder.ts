import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Embedding } from './embedder.ts';
import type { EncoderManifest } from './encoder-manifest.ts';
import { openOnnxSession } from './onnx-session.ts';
import { normalizeInPlace, poolWindows, splitIntoWindows } from './token-windows.ts';
import { createUseLiteTokenizer } from './use-lite-tokenizer.ts';

/** What an encoder process runs: one text at a time. */
export type EncodeText = (text: string) => Promise<Embedding>;

type Network = Pick<EncoderManifest, 'windowTokens' | 'maxWindows'> & {
  readonly files: Omit<EncoderManifest['files'], 'centre'>;
};

async function readJson(file: string): Promise<object> {
  return JSON.parse(await readFile(file, 'utf8')) as object;
}

/**
 * Universal Sentence Encoder Lite up to its last layer: the mean of all tokens, of however many
 * windows, less the mean of many prompts (which the cosine of any two would share), scaled to
 * length 1.
 */
export async function loadUseLiteEncoder(
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
 * The mean of the last layer over the tokens, as the network gives it.
 *
 * Texts are run one at a time on purpose: a batch needs equal lengths, gains nothing on a CPU at
 * 40 tokens (0.63 against 0.66 ms a text), and with one activation scale per tensor a vector
 * would depend on its neighbours.
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
  const tokenize = createUseLiteTokenizer(tokenizerJson, tokenizerConfig);
  const emptyText = tokenize(' ').ids;

  return async (text) => {
    const { ids, tokens, unknownShare } = tokenize(text);
    const windows = splitIntoWindows(ids.length > 0 ? ids : emptyText, windowTokens, maxWindows);
    const vectors: Float32Array[] = [];
    for (const window of windows) vectors.push(await session.run(window));
    const sizes = windows.map((window) => window.length);
    return { vector: poolWindows(vectors, sizes), tokens, unknownShare };
  };
}
