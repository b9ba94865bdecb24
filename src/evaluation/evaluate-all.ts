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
  const names = pairs[0]?.pooled.rows.filter(({ apgr }) => apgr !== null).map(({ name }) => name);
  const means = (names ?? []).map((name) => {
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
    calibration: routers.map((router) => calibrationOfAll(input, router)),
  };
}

/** Questions are drawn for all pairs at once: the same question occurs in several. */
function calibrationOfAll(input: EvaluationInput, router: string): Calibration {
  const rows = input.pairs.flatMap((pair) => pair.rows);
  const { resamples, seed } = input;
  const draws = resampleQuestions(rows, seededRandom(seed), resamples, (counts) => counts);
  const predictions = {
    router,
    scores: input.pairs.flatMap(({ scores }) => scores.get(router) ?? []),
    won: rows.map((row) => (row.strong > row.weak ? 1 : 0)),
    weights: rows.map(() => 1),
  };
  return calibrationOf(predictions, draws);
}
