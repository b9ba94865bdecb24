// From a prompt to its factors, with cautions about what the head has never learned:
//
//   f(prompt) = c [(1 - u) f_known(x) + u f_marks(s)] + (1 - c) f_easy,   c = w (1 - pull max(0, 2 o - 1)),
//   f_known(x) = k f_head(x) + (1 - k) f_centre
//
// of the latent factors; the topics' shares, in which a model's offsets count, are c (1 - u) k t(x), but 0 for a topic
// of multiple choice alone (TopicLayer.ofForm) where no options are given.
//
// k, 0..1: how much the prompt resembles the tasks of training (familiarity.ts).
// u, 0..1: how much of the wording is unknown. x of a script or language that encoder and n-gram table
//   cannot read is noise, and the same noise for most prompts. f_marks is the best linear guess of f_head
//   from marks s that need no language (length, numbers, code, maths), fitted on the training prompts.
// c, 0..1: how much there is to get wrong. Outcome tables hold no small talk and hardly a task without a right
//   answer; their head calls "hi" a hard exam question as easily as not. f_easy are factors at which even
//   the weaker models answer well (fit-caution.ts): the prior where a prompt says next to nothing.
// w, 0..1: 1 - exp(-words / 8).
// o, 0..1: P(the task is open: writing, rewriting, small talk, a part to play, advice, a plan), by kinds of everyday
//   prompts, not by outcomes (fit-openness.ts). That models differ less there is assumed, and so is pull.
import type { Embedding } from '../embedding/embedder.ts';
import { clamp, dot, sigmoid } from '../math/vector.ts';
import { familiarityOf, type FamiliaritySettings } from './familiarity.ts';
import { factorsOf, latentCount, type MfHead } from './matrix-factorization.ts';
import { hashOf } from './prompt-features-lexical.ts';
import { languageFreeMarks, markCount } from './prompt-features-marks.ts';
import type { PromptText } from './prompt-features-text.ts';
import { partsOf, promptFeatures, type FeatureSettings } from './prompt-features.ts';

/** What is known without reading the words; kept with the weights. */
export interface CautionSettings {
  /** Of every mark before use: s = clamp((raw - mean) * scale, +-limit). */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
  /** f_marks(s) = linear s + bias; [latent x marks] and [latent]. */
  readonly linear: Float64Array;
  readonly bias: Float64Array;
  /** f_easy [latent]. */
  readonly easy: Float64Array;
}

/** o = sigmoid(weights . x + bias). */
export interface OpennessSettings {
  /** [inputs] */
  readonly weights: Float64Array;
  readonly bias: number;
}

export interface FactorSettings {
  readonly features: FeatureSettings;
  readonly head: MfHead;
  /** Null in weights from before there was one: f = f_head. */
  readonly caution: CautionSettings | null;
  /** Null where training saw no prompts of known kinds: o = 0. */
  readonly openness: OpennessSettings | null;
  /** Null where training had too few tasks to tell known from unknown ones: k = 1. */
  readonly familiarity: FamiliaritySettings | null;
}

/** All that a score depends on. */
export interface PromptReading {
  readonly x: Float64Array;
  readonly marks: Float64Array;
  /** u, w and o; o is 0 where options are given to choose from, and held back as far as words are unknown. */
  readonly unknown: number;
  readonly content: number;
  readonly open: number;
  /** Whether options are given to choose from. */
  readonly hasOptions: boolean;
  /** k */
  readonly familiar: number;
}

const limit = 4;
const wordsOfContent = 8;
/** How far a task that is surely open goes from f_head to f_easy. */
const openPull = 0.75;

/**
 * Shares of unknown tokens between which trust falls from all to none. The encoder's: hardly any
 * English prompt reaches 0.3; medians are 0.75 for Hindi and 0.89 to 0.97 for other scripts.
 */
const unknownToEncoder = [0.3, 0.6] as const;
/** The n-gram table's: 0.17 for English, above 0.8 for all other languages (medians). */
const unknownToTable = [0.5, 0.85] as const;

export function readPromptFor(
  text: string,
  embedding: Embedding,
  {
    features,
    caution,
    openness,
    familiarity,
  }: Pick<FactorSettings, 'features' | 'caution' | 'openness' | 'familiarity'>,
): PromptReading {
  const parts = partsOf(text);
  const { prompt, tokens } = parts;
  const unknown = unknownPart(tokens, embedding, features);
  const x = promptFeatures(parts, embedding, features);
  const hasOptions = prompt.options.length > 0;
  return {
    x,
    // Not looked at where all words are known.
    marks: unknown > 0 ? scaledMarks(prompt, caution) : new Float64Array(markCount),
    unknown,
    content: 1 - Math.exp(-countWords(tokens) / wordsOfContent),
    open: openness && !hasOptions ? (1 - unknown) * probabilityOpen(x, openness) : 0,
    hasOptions,
    familiar: familiarity ? familiarityOf(wordingOf(x, features), familiarity) : 1,
  };
}

/** f [rank]. */
export function promptFactors(
  { x, marks, unknown, content, open, hasOptions, familiar }: PromptReading,
  { head, caution, familiarity }: Pick<FactorSettings, 'head' | 'caution' | 'familiarity'>,
): Float64Array {
  const f = factorsOf(head, x, 1);
  const latent = latentCount(head);
  const c = caution ? content * (1 - openPull * Math.max(0, 2 * open - 1)) : 1;
  for (let r = 0; r < latent; r++) {
    if (familiarity) f[r] = familiar * f[r]! + (1 - familiar) * familiarity.centre[r]!;
    if (!caution) continue;
    if (unknown > 0) f[r] = (1 - unknown) * f[r]! + unknown * guessOf(marks, caution, r);
    f[r] = c * f[r]! + (1 - c) * caution.easy[r]!;
  }
  const trust = c * (caution ? 1 - unknown : 1) * (familiarity ? familiar : 1);
  for (let r = latent; r < f.length; r++) {
    f[r]! *= head.topics!.ofForm[r - latent] && !hasOptions ? 0 : trust;
  }
  return f;
}

/** The part of x that speaks for the wording. */
function wordingOf(x: Float64Array, { sentence, lexical }: FeatureSettings): Float64Array {
  return x.subarray(sentence, sentence + lexical.dimensions);
}

function probabilityOpen(x: Float64Array, { weights, bias }: OpennessSettings): number {
  return sigmoid(bias + dot(weights, x, 0, 0, x.length));
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
