// From a prompt to its latent factors, with two cautions about what the head has never learned:
//
//   f(prompt) = c [(1 - u) f_head(x) + u f_marks(s)] + (1 - c) f_easy
//
// u, 0..1: how much of the wording is unknown. x of a script or language that encoder and n-gram table
//   cannot read is noise, and the same noise for most prompts. f_marks is the best linear guess of f_head
//   from marks s that need no language (length, numbers, code, maths), fitted on the training prompts.
// c, 0..1: how much there is to get wrong, 1 - exp(-words / 8). Outcome tables hold no small talk; their
//   head calls "hi" a hard exam question as easily as not. f_easy are factors at which even
//   the weaker models answer well (fit-caution.ts): the prior where a prompt says next to nothing.
import type { Embedding } from '../embedding/embedder.ts';
import { clamp } from '../math/vector.ts';
import { latentFactors, type MfHead } from './matrix-factorization.ts';
import { hashOf } from './prompt-features-lexical.ts';
import { languageFreeMarks, markCount } from './prompt-features-marks.ts';
import type { PromptText } from './prompt-features-text.ts';
import { partsOf, promptFeatures, type FeatureSettings } from './prompt-features.ts';

/** What is known without reading the words; kept with the weights. */
export interface CautionSettings {
  /** Of every mark before use: s = clamp((raw - mean) * scale, +-limit). */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  /** f_marks(s) = linear s + bias; [rank x marks] and [rank]. */
  readonly linear: Float64Array;
  readonly bias: Float64Array;
  /** f_easy [rank]. */
  readonly easy: Float64Array;
}

export interface FactorSettings {
  readonly features: FeatureSettings;
  readonly head: MfHead;
  /** Null in weights from before there was one: f = f_head. */
  readonly caution: CautionSettings | null;
}

/** All that a score depends on. */
export interface PromptReading {
  readonly x: Float64Array;
  readonly marks: Float64Array;
  /** u and c. */
  readonly unknown: number;
  readonly content: number;
}

const limit = 4;
const wordsOfContent = 8;

/**
 * Shares of unknown tokens between which trust falls from all to none. The encoder's: hardly any
 * English prompt reaches 0.15; medians are 0.29 for Russian and 0.33 to 0.47 for other scripts.
 */
const unknownToEncoder = [0.15, 0.3] as const;
/** The n-gram table's: 0.17 for English, above 0.8 for all other languages (medians). */
const unknownToTable = [0.5, 0.85] as const;

export function readPromptFor(
  text: string,
  embedding: Embedding,
  { features, caution }: Pick<FactorSettings, 'features' | 'caution'>,
): PromptReading {
  const parts = partsOf(text);
  const { prompt, tokens } = parts;
  const unknown = unknownPart(tokens, embedding, features);
  return {
    x: promptFeatures(parts, embedding, features),
    // Not looked at where all words are known.
    marks: unknown > 0 ? scaledMarks(prompt, caution) : new Float64Array(markCount),
    unknown,
    content: 1 - Math.exp(-countWords(tokens) / wordsOfContent),
  };
}

/** f [rank]. */
export function promptFactors(
  { x, marks, unknown, content }: PromptReading,
  { head, caution }: Pick<FactorSettings, 'head' | 'caution'>,
): Float64Array {
  const f = latentFactors(head, x, 1);
  if (!caution) return f;
  for (let r = 0; r < f.length; r++) {
    if (unknown > 0) f[r] = (1 - unknown) * f[r]! + unknown * guessOf(marks, caution, r);
    f[r] = content * f[r]! + (1 - content) * caution.easy[r]!;
  }
  return f;
}

/** s [marks]. */
export function scaledMarks(
  prompt: PromptText,
  caution: Pick<CautionSettings, 'mean' | 'scale'> | null,
): Float64Array {
  if (!caution) return new Float64Array(markCount);
  return Float64Array.from(languageFreeMarks(prompt), (raw, i) =>
    clamp((raw - caution.mean[i]!) * caution.scale[i]!, -limit, limit),
  );
}

function guessOf(marks: Float64Array, { linear, bias }: CautionSettings, r: number): number {
  let sum = bias[r]!;
  for (let i = 0; i < markCount; i++) sum += linear[r * markCount + i]! * marks[i]!;
  return sum;
}

function unknownPart(
  tokens: readonly string[],
  { unknownShare }: Embedding,
  { sentence, lexical }: FeatureSettings,
): number {
  const [from, to] = sentence > 0 ? unknownToEncoder : unknownToTable;
  const share = sentence > 0 ? unknownShare : shareOutside(tokens, lexical.rows);
  // An endpoint does not say; then all is taken as known.
  return clamp(((share ?? 0) - from) / (to - from), 0, 1);
}

/** Share of the words that the n-gram table does not hold. */
function shareOutside(tokens: readonly string[], rows: ReadonlyMap<number, number>): number {
  let words = 0;
  let outside = 0;
  for (const token of tokens) {
    if (token.startsWith('#')) continue;
    words++;
    if (!rows.has(hashOf(token))) outside++;
  }
  return words === 0 ? 0 : outside / words;
}

const ofScriptWithoutSpaces = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]$/u;

/** Words, numbers and maths marks; two characters of a script without spaces make a word. */
function countWords(tokens: readonly string[]): number {
  let words = 0;
  for (const token of tokens) words += ofScriptWithoutSpaces.test(token) ? 0.5 : 1;
  return words;
}
