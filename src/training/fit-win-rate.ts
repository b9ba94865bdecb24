import { seededRandom } from '../math/random.ts';
import { sigmoid } from '../math/vector.ts';
import {
  expectedQuality,
  winRateLine,
  type MfHead,
  type WinRateParameters,
} from '../routing/matrix-factorization.ts';
import { createAdam } from './adam.ts';
import type { TrainingRows } from './mf-loss.ts';

/** Compared answers of two models to one prompt. */
interface Comparison {
  readonly gap: number;
  /** Mean qualities of the two models on the training mix. */
  readonly strong: number;
  readonly weak: number;
  readonly won: 0 | 1;
  readonly weight: number;
}

const comparisonsPerPrompt = 12;
const steps = 400;
const rate = 0.05;

/**
 * Mean p_m over `rows` with these factors [rows x rank], weighted like them: how good a model is on
 * the training mix.
 */
export function meanQualities(
  head: MfHead,
  rows: TrainingRows,
  factors: Float64Array,
): Float32Array {
  const models = head.modelBias.length;
  const sums = new Float64Array(models);
  let total = 0;
  for (let i = 0; i < rows.count; i++) {
    const weight = rows.weights[i]!;
    total += weight;
    for (let m = 0; m < models; m++)
      sums[m]! += weight * expectedQuality(head, m, factors, i * head.rank);
  }
  return Float32Array.from(sums, (sum) => sum / total);
}

/**
 * Fits the five numbers of the win rate by logistic regression to random ordered pairs of models
 * with outcomes on the same prompt (rows that the head has not been trained on). Both orders of a
 * pair occur: a stand-in may well turn out weaker than it was named.
 */
export function fitWinRate(
  head: MfHead,
  meanQuality: Float32Array,
  rows: TrainingRows,
  factors: Float64Array,
  seed: number,
): WinRateParameters {
  const comparisons = sampleComparisons(head, meanQuality, rows, factors, seed);
  const t = new Float64Array([0, 1, 0, 1, 0]);
  const gradient = new Float64Array(t.length);
  const adam = createAdam(t, gradient);
  for (let step = 0; step < steps; step++) {
    gradient.fill(0);
    addWinRateGradient(t, comparisons, gradient);
    adam.step(rate * (1 - step / steps), 0);
  }
  return parametersOf(t);
}

/** d loss / d t of the weighted mean cross entropy. */
function addWinRateGradient(
  t: Float64Array,
  comparisons: readonly Comparison[],
  gradient: Float64Array,
): void {
  const parameters = parametersOf(t);
  let total = 0;
  for (const { weight } of comparisons) total += weight;
  for (const { gap, strong, weak, won, weight } of comparisons) {
    const { alpha, beta, pi } = winRateLine(parameters, strong, weak);
    const dz = ((sigmoid(alpha + beta * gap) - won) * weight) / total;
    gradient[0]! += dz;
    gradient[1]! += dz * pi;
    gradient[2]! += dz * (strong - weak);
    gradient[3]! += dz * gap * beta;
    gradient[4]! += dz * gap * beta * pi;
  }
}

function sampleComparisons(
  head: MfHead,
  meanQuality: Float32Array,
  rows: TrainingRows,
  factors: Float64Array,
  seed: number,
): Comparison[] {
  const random = seededRandom(seed);
  const comparisons: Comparison[] = [];
  for (let i = 0; i < rows.count; i++) {
    const start = rows.starts[i]!;
    const count = rows.starts[i + 1]! - start;
    if (count < 2) continue;
    const at = i * head.rank;
    for (let c = 0; c < comparisonsPerPrompt; c++) {
      const s = start + Math.floor(random() * count);
      const w = start + Math.floor(random() * count);
      const strong = rows.models[s]!;
      const weak = rows.models[w]!;
      if (strong === weak) continue;
      comparisons.push({
        gap: expectedQuality(head, strong, factors, at) - expectedQuality(head, weak, factors, at),
        strong: meanQuality[strong]!,
        weak: meanQuality[weak]!,
        won: rows.qualities[s]! > rows.qualities[w]! ? 1 : 0,
        weight: rows.weights[i]!,
      });
    }
  }
  return comparisons;
}

function parametersOf(t: Float64Array): WinRateParameters {
  return [t[0]!, t[1]!, t[2]!, t[3]!, t[4]!];
}
