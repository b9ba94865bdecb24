import type { Embedding } from '../embedding/embedder.ts';
import { countNgrams, writeLexical, type LexicalTable } from './prompt-features-lexical.ts';
import { surfaceMarks, surfaceNames } from './prompt-features-surface.ts';
import { readPrompt, tokensOf, type PromptText } from './prompt-features-text.ts';

/** How a prompt becomes x; learned in training and kept with the weights. */
export interface FeatureSettings {
  /** Length of the sentence vector. */
  readonly sentence: number;
  readonly lexical: LexicalTable;
  /** Whether the surface marks are part of x. */
  readonly surface: boolean;
  /** Of every number of x before scaling: x = clamp((raw - mean) * scale, +-limit). */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** A prompt, read once. */
export interface PromptParts {
  readonly prompt: PromptText;
  readonly tokens: readonly string[];
}

export function partsOf(text: string): PromptParts {
  const prompt = readPrompt(text);
  return { prompt, tokens: tokensOf(prompt) };
}

/** Part of x that speaks for one kind of evidence. */
export interface FeatureGroup {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** No number of x is further from 0: a strange prompt must not outvote everything else. */
const limit = 6;

/** Sentence vector, lexical vector, surface marks with the unknown-token share: one after another. */
export function featureGroups(
  sentence: number,
  lexical: number,
  surface: boolean,
): readonly FeatureGroup[] {
  const words = sentence + lexical;
  const groups = [
    { name: 'sentence meaning', start: 0, end: sentence },
    { name: 'wording', start: sentence, end: words },
    {
      name: 'length and marks',
      start: words,
      end: words + (surface ? surfaceNames.length + 1 : 0),
    },
  ];
  return groups.filter(({ start, end }) => end > start);
}

export function groupsOf({
  sentence,
  lexical,
  surface,
}: Pick<FeatureSettings, 'sentence' | 'lexical' | 'surface'>): readonly FeatureGroup[] {
  return featureGroups(sentence, lexical.dimensions, surface);
}

export function featureCount(groups: readonly FeatureGroup[]): number {
  return groups.at(-1)?.end ?? 0;
}

/**
 * x [count] of a prompt: finite for every text. `embedding.vector` has `settings.sentence` numbers.
 * Pure; the cost is bounded for texts of any length.
 */
export function promptFeatures(
  parts: PromptParts,
  embedding: Embedding,
  settings: FeatureSettings,
): Float64Array {
  const x = rawFeatures(parts, embedding, settings);
  const { mean, scale } = settings;
  for (let i = 0; i < x.length; i++) {
    const scaled = (x[i]! - mean[i]!) * scale[i]!;
    // Also catches a NaN of an embedder: it counts as an average prompt.
    x[i] = scaled > limit ? limit : scaled < -limit ? -limit : scaled || 0;
  }
  return x;
}

/** x before scaling, for training to find `mean` and `scale`. */
export function rawFeatures(
  { prompt, tokens }: PromptParts,
  embedding: Embedding,
  settings: Pick<FeatureSettings, 'sentence' | 'lexical' | 'surface'>,
): Float64Array {
  const { sentence, lexical, surface } = settings;
  const x = new Float64Array(featureCount(groupsOf(settings)));
  x.set(embedding.vector.subarray(0, sentence));
  writeLexical(countNgrams(tokens), lexical, x, sentence);
  if (surface) {
    x.set([...surfaceMarks(prompt), embedding.unknownShare ?? 0], sentence + lexical.dimensions);
  }
  return x;
}
