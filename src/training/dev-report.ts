import { seededRandom } from '../math/random.ts';
import { pairScorer } from '../routing/matrix-factorization.ts';
import type { DevFigure } from '../routing/router-weights-metadata.ts';
import type { RouterWeights } from '../routing/router-weights.ts';
import type { CalibrationReport } from './calibration-report.ts';
import { apgr, createCurve, curveApgr, type ScoredOutcomes } from './evaluate-metrics.ts';
import { pooledSource, type Outcome } from './outcomes.ts';
import { resampleQuestions, interval95 } from './question-bootstrap.ts';
import { countBy } from './training-rows.ts';

/** [strong, weak] */
export type ModelPair = readonly [string, string];

/** The pairs that quality is reported for, where the data has them. */
export const reportedPairs: readonly ModelPair[] = [
  ['gpt-4-1106-preview', 'mixtral-8x7b-instruct-v0.1'],
  ['llama-3.1-70b-instruct', 'llama-3.1-8b-instruct'],
  ['llama-3-70b-instruct', 'llama-3-8b-instruct'],
  ['gpt-4o-2024-05-13', 'llama-3.1-8b-instruct'],
  ['qwen2.5-72b-instruct', 'qwen2.5-7b-instruct'],
  ['gemma-2-27b-it', 'gemma-2-2b-it'],
];

/** Sources with fewer rows of a pair are no measurement: neither reported nor pooled. */
export const fewestRows = 40;

export interface PairFigure extends DevFigure {
  /** APGR of "the longer, the stronger" on the same rows. */
  readonly length: number;
}

export interface DevReport {
  readonly figures: readonly PairFigure[];
  readonly calibration: CalibrationReport;
}

/** A dev set with its prompts' factors [rows x rank]. */
export interface DevRows {
  readonly rows: readonly Outcome[];
  readonly factors: Float64Array;
}

const mostOwnPairs = 6;

/** The usual pairs; of data that has none of them, the best model with each of the others. */
export function pairsToReport(rows: readonly Outcome[]): readonly ModelPair[] {
  const sums = new Map<string, { total: number; count: number }>();
  for (const { scores } of rows) {
    for (const [model, quality] of Object.entries(scores)) {
      const { total, count } = sums.get(model) ?? { total: 0, count: 0 };
      sums.set(model, { total: total + quality, count: count + 1 });
    }
  }
  const isMeasured = (model: string): boolean => (sums.get(model)?.count ?? 0) >= fewestRows;
  const usual = reportedPairs.filter((pair) => pair.every(isMeasured));
  if (usual.length > 0) return usual;
  const byQuality = [...sums]
    .filter(([model]) => isMeasured(model))
    .map(([model, { total, count }]) => ({ model, quality: total / count }))
    .sort((a, b) => b.quality - a.quality || (a.model < b.model ? -1 : 1));
  const [best, ...others] = byQuality;
  return others.slice(-mostOwnPairs).map(({ model }): ModelPair => [best!.model, model]);
}

/** Per pair: each source, then all sources as one set in which each source weighs the same. */
export function pairFigures(
  { head, meanQuality, metadata }: RouterWeights,
  { rows, factors }: DevRows,
  pairs: readonly ModelPair[],
): PairFigure[] {
  const figures: PairFigure[] = [];
  for (const [strong, weak] of pairs) {
    const s = metadata.models.indexOf(strong);
    const w = metadata.models.indexOf(weak);
    if (s < 0 || w < 0) continue;
    const scorer = pairScorer(head, metadata.winRate, meanQuality, s, w);
    const both = rows.flatMap((row, i) => {
      const [ys, yw] = [row.scores[strong], row.scores[weak]];
      if (ys === undefined || yw === undefined) return [];
      const score = scorer.scoreFactors(factors, i * head.rank).winRate;
      const { source, key } = row;
      return [{ source, key, length: row.prompt.length, score, ys, yw }];
    });
    const counts = countBy(both.map(({ source }) => source));
    const measured = [...counts].filter(([, count]) => count >= fewestRows).map(([name]) => name);
    for (const source of [...measured, pooledSource]) {
      const kept = both.filter((row) =>
        source === pooledSource ? measured.includes(row.source) : row.source === source,
      );
      if (kept.length === 0) continue;
      const outcomes: ScoredOutcomes = {
        scores: kept.map(({ score }) => score),
        strong: kept.map(({ ys }) => ys),
        weak: kept.map(({ yw }) => yw),
        weights: kept.map((row) => 1 / counts.get(row.source)!),
      };
      const interval95 = apgrInterval(outcomes, kept);
      const value = apgr(outcomes);
      // Where the two models do equally well there is no gap to recover, and no APGR.
      if (!Number.isFinite(value) || interval95 === null) continue;
      figures.push({
        ...{ strong, weak, source, prompts: kept.length, interval95 },
        apgr: value,
        length: apgr({ ...outcomes, scores: kept.map(({ length }) => length) }),
      });
    }
  }
  return figures;
}

const resamples = 300;

/** Over resampled questions; null when no resample has a gap between the models, or there is one question. */
function apgrInterval(
  outcomes: ScoredOutcomes,
  rows: readonly { readonly key: string; readonly source: string }[],
): [number, number] | null {
  const curve = createCurve(outcomes);
  const random = seededRandom(1);
  const interval = interval95(
    resampleQuestions(rows, random, resamples, (counts) => curveApgr(curve(counts))),
  );
  return interval && [...interval];
}
