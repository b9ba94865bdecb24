import { solvePositive } from '../math/cholesky.ts';
import { quantile, sorted } from '../math/quantile.ts';
import { expectedQuality, factorsOf, type MfHead } from '../routing/matrix-factorization.ts';
import { languageFreeMarks, markCount } from '../routing/prompt-features-marks.ts';
import { readPrompt } from '../routing/prompt-features-text.ts';
import { scaledMarks, type CautionSettings } from '../routing/prompt-factors.ts';
import type { TrainingRows } from './mf-loss.ts';

/** Ridge on the standardized marks, per unit of total weight. */
const ridge = 0.01;
/** Share of the training prompts that show which way is easier. */
const easierShare = 0.02;
/** Mean expected quality of the weaker half of the models where there is hardly anything to get wrong. */
const easyQuality = 0.9;
const furthest = 16;

/**
 * Fits f_marks by least squares to the factors that `head` gives the training prompts. f_easy lies on
 * the line from the mean factors to those of the prompts on which the weaker half of the models does
 * best, as far out as these models are expected to do well: exams hold no prompt as easy as "hi".
 */
export function fitCaution(
  texts: readonly string[],
  rows: TrainingRows,
  head: MfHead,
): CautionSettings {
  const factors = factorsOf(head, rows.x, rows.count);
  const scales = markScales(texts);
  const marks = texts.map((text) => scaledMarks(readPrompt(text), scales));
  return {
    ...scales,
    ...regress(marks, factors, rows.weights, head.rank),
    easy: easyFactors(head, factors),
  };
}

function markScales(texts: readonly string[]): Pick<CautionSettings, 'mean' | 'scale'> {
  const sums = new Float64Array(markCount);
  const squares = new Float64Array(markCount);
  for (const text of texts) {
    for (const [i, mark] of languageFreeMarks(readPrompt(text)).entries()) {
      sums[i]! += mark;
      squares[i]! += mark * mark;
    }
  }
  const mean = Float32Array.from(sums, (sum) => sum / texts.length);
  const scale = Float32Array.from(squares, (square, i) => {
    const variance = Math.max(0, square / texts.length - mean[i]! ** 2);
    return 1 / (Math.sqrt(variance) + 1e-3);
  });
  return { mean, scale };
}

/** Weighted ridge with a free intercept: (S'WS + ridge I) b = S'W f for each factor f. */
function regress(
  marks: readonly Float64Array[],
  factors: Float64Array,
  weights: Float64Array,
  rank: number,
): Pick<CautionSettings, 'linear' | 'bias'> {
  const n = markCount + 1;
  const gram = new Float64Array(n * n);
  const moments = new Float64Array(rank * n);
  let total = 0;
  for (const [row, s] of marks.entries()) {
    const weight = weights[row]!;
    total += weight;
    const extended = [...s, 1];
    for (let i = 0; i < n; i++) {
      const weighted = weight * extended[i]!;
      for (let j = 0; j < n; j++) gram[i * n + j]! += weighted * extended[j]!;
      for (let r = 0; r < rank; r++) moments[r * n + i]! += weighted * factors[row * rank + r]!;
    }
  }
  for (let i = 0; i < n; i++) gram[i * n + i]! += total * (i < markCount ? ridge : 1e-9);
  const linear = new Float64Array(rank * markCount);
  const bias = new Float64Array(rank);
  for (let r = 0; r < rank; r++) {
    const solution = solvePositive(gram, moments.subarray(r * n, (r + 1) * n), n);
    linear.set(solution.subarray(0, markCount), r * markCount);
    bias[r] = solution[markCount]!;
  }
  return { linear, bias };
}

function easyFactors(head: MfHead, factors: Float64Array): Float64Array {
  const { rank } = head;
  const models = head.modelBias.length;
  const prompts = factors.length / rank;
  const quality = new Float64Array(models);
  for (let i = 0; i < prompts; i++) {
    for (let m = 0; m < models; m++) quality[m]! += expectedQuality(head, m, factors, i * rank);
  }
  const median = quantile(sorted(quality), 0.5);
  const weaker = Array.from(quality.keys()).filter((m) => quality[m]! <= median);
  const ease = Float64Array.from({ length: prompts }, (_, i) =>
    weaker.reduce((sum, m) => sum + expectedQuality(head, m, factors, i * rank), 0),
  );
  const least = quantile(sorted(ease), 1 - easierShare);
  const mean = new Float64Array(rank);
  const easier = new Float64Array(rank);
  const count = ease.filter((value) => value >= least).length;
  for (let i = 0; i < prompts; i++) {
    for (let r = 0; r < rank; r++) {
      mean[r]! += factors[i * rank + r]! / prompts;
      if (ease[i]! >= least) easier[r]! += factors[i * rank + r]! / count;
    }
  }
  const along = (t: number): Float64Array => mean.map((at, r) => at + t * (easier[r]! - at));
  const qualityAt = (t: number): number =>
    weaker.reduce((sum, m) => sum + expectedQuality(head, m, along(t)), 0) / weaker.length;
  let [low, high] = [1, furthest];
  if (qualityAt(high) < easyQuality) return along(high);
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (qualityAt(middle) < easyQuality) low = middle;
    else high = middle;
  }
  return along(high);
}
