import { seededRandom } from '../math/random.ts';
import { calibrationOf } from './calibrate-scores.ts';
import { evaluatePair, type PairInput } from './evaluate-pair.ts';
import type { Calibration, Evaluation } from './evaluation.ts';
import { resampleQuestions } from '../training/question-bootstrap.ts';

export interface EvaluationInput extends Pick<
  Evaluation,
  'data' | 'topicsFrom' | 'resamples' | 'seed' | 'routers'
> {
  readonly pairs: readonly Omit<PairInput, 'resamples' | 'seed'>[];
  /** Told after each pair. */
  readonly onPair?: () => void;
}

export function evaluateAll(input: EvaluationInput): Evaluation {
  const { data, topicsFrom, resamples, seed, routers } = input;
  const pairs = input.pairs.map((pair) => {
    const evaluated = evaluatePair({ ...pair, resamples, seed });
    input.onPair?.();
    return evaluated;
  });
  const rows = pairs.flatMap(({ pooled }) => pooled.rows.filter(({ apgr }) => apgr !== null));
  const means = [...new Set(rows.map(({ name }) => name))].map((name) => {
    const values = pairs.map(
      ({ pooled }) => pooled.rows.find((row) => row.name === name)?.apgr?.value ?? null,
    );
    const isWhole = values.every((value) => value !== null);
    return { name, apgr: isWhole ? values.reduce((sum, v) => sum + v, 0) / values.length : null };
  });
  return {
    formatVersion: 1,
    ...{ data, topicsFrom, resamples, seed, routers, pairs },
    means: means.sort((a, b) => (b.apgr ?? -Infinity) - (a.apgr ?? -Infinity)),
    calibration: routers.flatMap((router) => calibrationOfAll(input, router)),
  };
}

/** Of the pairs that the router scored. Questions are drawn for all at once: the same one occurs in several. */
function calibrationOfAll(input: EvaluationInput, router: string): Calibration[] {
  const scored = input.pairs.filter(({ scores }) => scores.has(router));
  const rows = scored.flatMap((pair) => pair.rows);
  const { resamples, seed } = input;
  const draws = resampleQuestions(rows, seededRandom(seed), resamples, (counts) => counts);
  const predictions = {
    router,
    scores: scored.flatMap(({ scores }) => scores.get(router)!),
    won: rows.map((row) => (row.strong > row.weak ? 1 : 0)),
    weights: rows.map(() => 1),
  };
  return scored.length === 0 ? [] : [calibrationOf(predictions, draws)];
}
