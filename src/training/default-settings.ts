import type { RouterTrainingSettings } from './train-router.ts';

const [meaning, wording, marks] = ['sentence meaning', 'wording', 'length and marks'];

/**
 * Chosen by folds of train + dev that keep questions together (models/README.md, "What helped").
 * With a sentence vector the marks add nothing within known tasks and cost on unknown ones; without
 * one they help.
 */
export function defaultTrainingSettings(
  embedder: { readonly dimensions: number },
  seed: number,
): RouterTrainingSettings {
  const hasVectors = embedder.dimensions > 0;
  const view = hasVectors ? [meaning, wording] : [wording, marks];
  return {
    lexical: { rows: 8192, dimensions: 128 },
    surface: !hasVectors,
    views: [view, view, view],
    settled: true,
    // Without a sentence vector they gain nothing (models/README.md, "Topics").
    topics: hasVectors ? { epochs: 4, rate: 0.01, decay: 0.05, batch: 256, ridge: 5 } : null,
    weights: { modelPower: 0.5, sourcePower: 0.5 },
    mf: {
      rank: 32,
      hidden: 64,
      epochs: 20,
      patience: 6,
      batch: 256,
      rate: 0.004,
      decay: 1,
      modelDecay: 0.001,
      dropout: 0.5,
      hiddenDropout: 0.3,
      gapShare: 0.8,
      seed,
    },
  };
}
