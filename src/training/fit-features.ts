import type { Embedding } from '../embedding/embedder.ts';
import type { Random } from '../math/random.ts';
import { countNgrams } from '../routing/prompt-features-lexical.ts';
import { readPrompt, tokensOf } from '../routing/prompt-features-text.ts';
import {
  featureCount,
  groupsOf,
  partsOf,
  promptFeatures,
  rawFeatures,
  type FeatureSettings,
} from '../routing/prompt-features.ts';
import { fitLexical, type LexicalSettings } from './fit-lexical.ts';

export interface EmbeddedPrompt {
  readonly text: string;
  readonly embedding: Embedding;
}

/**
 * Learns the n-gram table, and the scales that make every group's numbers about 1 in size: one
 * scale for a whole vector group (its directions keep their weight), own mean and scale for each
 * surface mark.
 */
export function fitFeatures(
  prompts: readonly EmbeddedPrompt[],
  lexicalSettings: LexicalSettings,
  surface: boolean,
  random: Random,
): FeatureSettings {
  const sentence = prompts[0]!.embedding.vector.length;
  const counts = prompts.map(({ text }) => countNgrams(tokensOf(readPrompt(text))));
  const lexical = fitLexical(counts, lexicalSettings, random);
  const raw = { sentence, lexical, surface };
  const groups = groupsOf(raw);
  const { means, deviations } = columnSpread(prompts.length, featureCount(groups), (i) =>
    rawFeatures(partsOf(prompts[i]!.text), prompts[i]!.embedding, raw),
  );
  const mean = new Float32Array(means.length);
  const scale = new Float32Array(means.length);
  for (const { start, end } of groups) {
    if (start === sentence + lexical.dimensions) {
      for (let i = start; i < end; i++) {
        mean[i] = means[i]!;
        scale[i] = 1 / (deviations[i]! + 1e-3);
      }
    } else {
      let sum = 0;
      for (let i = start; i < end; i++) sum += deviations[i]!;
      scale.fill((end - start) / (sum + 1e-9), start, end);
    }
  }
  return { ...raw, mean, scale };
}

/** x [prompts x count], row-major. */
export function featureMatrix(
  prompts: readonly EmbeddedPrompt[],
  settings: FeatureSettings,
): Float64Array {
  const count = settings.mean.length;
  const x = new Float64Array(prompts.length * count);
  for (const [i, { text, embedding }] of prompts.entries()) {
    x.set(promptFeatures(partsOf(text), embedding, settings), i * count);
  }
  return x;
}

function columnSpread(
  rows: number,
  columns: number,
  row: (i: number) => Float64Array,
): { means: Float64Array; deviations: Float64Array } {
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const values = row(i);
    for (let j = 0; j < columns; j++) {
      sums[j]! += values[j]!;
      squares[j]! += values[j]! ** 2;
    }
  }
  const means = sums.map((sum) => sum / rows);
  return {
    means,
    deviations: squares.map((square, j) => Math.sqrt(Math.max(0, square / rows - means[j]! ** 2))),
  };
}
