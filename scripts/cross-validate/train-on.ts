import type { Embedder } from '../../src/embedding/embedder.ts';
import { parseRouterWeights, type RouterWeights } from '../../src/routing/router-weights.ts';
import { defaultTrainingSettings } from '../../src/training/default-settings.ts';
import type { EmbeddedPrompt } from '../../src/training/fit-features.ts';
import type { Outcome } from '../../src/training/outcomes.ts';
import { questionShare } from '../../src/training/question-share.ts';
import { trainRouter, type RouterTrainingSettings } from '../../src/training/train-router.ts';

/** An outcome row with its embedded prompt. */
export interface EmbeddedRow {
  readonly row: Outcome;
  readonly prompt: EmbeddedPrompt;
}

export type Recipe = 'pointsman' | 'unsettled' | 'plain';

const seed = 42;
/** Of the questions, one in so many is kept to choose the epoch on. */
const stopOneIn = 8;

export const folds = 4;

/** 0 .. folds - 1 */
export function foldOf(row: Pick<Outcome, 'key'>): number {
  return partOf(row, folds, 'fold');
}

/** Same question, same number, whatever the source. @returns 0 .. count - 1 */
function partOf({ key }: Pick<Outcome, 'key'>, count: number, salt: string): number {
  return Math.floor(questionShare(key, salt) * count);
}

/**
 * A router fitted to `rows` alone. `pointsman` is the recipe that ships, `unsettled` the same with the models'
 * factors left as training had them (settle-models.ts); `plain` is multi-model logistic
 * matrix factorization without more: linear, rank 32, sentence vector, n-grams in 256 numbers and marks side by
 * side, every prompt weighted by 1 / sqrt(its number of models). None looks at everyday prompts.
 */
export function trainOn(
  rows: readonly EmbeddedRow[],
  embedder: Embedder,
  recipe: Recipe,
  onEpoch: () => void,
): RouterWeights {
  const isForStopping = ({ row }: EmbeddedRow): boolean => partOf(row, stopOneIn, 'stop') === 0;
  const setOf = (some: readonly EmbeddedRow[]) => ({
    rows: some.map(({ row }) => row),
    prompts: some.map(({ prompt }) => prompt),
    sha256: '',
  });
  const { bytes } = trainRouter({
    embedder,
    train: setOf(rows.filter((row) => !isForStopping(row))),
    dev: setOf(rows.filter(isForStopping)),
    // Of no consequence for the order of prompts: default thresholds, and which tasks are open.
    traffic: rows.slice(0, 1).map(({ prompt }) => prompt),
    kinds: [],
    settings: settingsOf(recipe, embedder),
    licences: [],
    onEpoch,
  });
  const weights = parseRouterWeights(bytes, recipe);
  return recipe === 'plain' ? { ...weights, caution: null, familiarity: null } : weights;
}

export function epochsOf(recipe: Recipe, embedder: Embedder): number {
  const { mf, views } = settingsOf(recipe, embedder);
  return mf.epochs * views.length;
}

function settingsOf(recipe: Recipe, embedder: Embedder): RouterTrainingSettings {
  const shipped = defaultTrainingSettings(embedder, seed);
  if (recipe === 'pointsman') return shipped;
  if (recipe === 'unsettled') return { ...shipped, settled: false };
  const everything = ['sentence meaning', 'wording', 'length and marks'];
  return {
    lexical: { rows: 8192, dimensions: 256 },
    surface: true,
    views: [everything],
    settled: false,
    topics: null,
    weights: { modelPower: 0.5, sourcePower: 1 },
    mf: {
      ...shipped.mf,
      ...{ hidden: 0, gapShare: 0, rate: 0.003, decay: 0.01, dropout: 0.2, hiddenDropout: 0 },
    },
  };
}
