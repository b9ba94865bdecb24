import { seededRandom } from '../math/random.ts';
import { pairScorer } from '../routing/matrix-factorization.ts';
import { promptFeatures } from '../routing/prompt-features.ts';
import type { DevFigure } from '../routing/router-weights-metadata.ts';
import type { RouterWeights } from '../routing/router-weights.ts';
import { apgrInterval } from './bootstrap.ts';
import { apgr, calibrationError, type ScoredOutcomes } from './evaluate-metrics.ts';
import type { EmbeddedPrompt } from './fit-features.ts';
import type { Outcome } from './outcomes.ts';
import { countBy } from './training-rows.ts';

/** The pairs that quality is reported for, [strong, weak]. */
export const reportedPairs: readonly (readonly [string, string])[] = [
  ['gpt-4-1106-preview', 'mixtral-8x7b-instruct-v0.1'],
  ['llama-3.1-70b-instruct', 'llama-3.1-8b-instruct'],
  ['llama-3-70b-instruct', 'llama-3-8b-instruct'],
  ['gpt-4o-2024-05-13', 'llama-3.1-8b-instruct'],
  ['qwen2.5-72b-instruct', 'qwen2.5-7b-instruct'],
  ['gemma-2-27b-it', 'gemma-2-2b-it'],
];

/** Sources with fewer rows of a pair are no measurement: neither reported nor pooled. */
const fewestRows = 40;
export const pooledSource = 'pooled';

export interface PairFigure extends DevFigure {
  /** APGR of "the longer, the stronger" on the same rows. */
  readonly length: number;
}

export interface DevReport {
  readonly figures: readonly PairFigure[];
  /** Expected calibration error of the win rate, all reported pairs together. */
  readonly calibrationError: number;
}

/** Per pair: each source, then all sources as one set in which each source weighs the same. */
export function devReport(
  weights: Omit<RouterWeights, 'metadata'>,
  winRate: RouterWeights['metadata']['winRate'],
  models: readonly string[],
  rows: readonly Outcome[],
  prompts: readonly EmbeddedPrompt[],
): DevReport {
  const figures: PairFigure[] = [];
  const probabilities: number[] = [];
  const won: number[] = [];
  const x = prompts.map(({ text, embedding }) => promptFeatures(text, embedding, weights.features));
  for (const [strong, weak] of reportedPairs) {
    const s = models.indexOf(strong);
    const w = models.indexOf(weak);
    if (s < 0 || w < 0) continue;
    const scorer = pairScorer(weights.head, winRate, weights.meanQuality, s, w);
    const both = rows.flatMap((row, i) => {
      const [ys, yw] = [row.scores[strong], row.scores[weak]];
      if (ys === undefined || yw === undefined) return [];
      const score = scorer.score(x[i]!).winRate;
      return [{ source: row.source, length: row.prompt.length, score, ys, yw }];
    });
    for (const { score, ys, yw } of both) {
      probabilities.push(score);
      won.push(ys > yw ? 1 : 0);
    }
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
      const random = seededRandom(1);
      const strata = kept.map((row) => row.source);
      figures.push({
        ...{ strong, weak, source, prompts: kept.length },
        apgr: apgr(outcomes),
        interval95: apgrInterval(outcomes, random, strata, 300),
        length: apgr({ ...outcomes, scores: kept.map(({ length }) => length) }),
      });
    }
  }
  return { figures, calibrationError: calibrationError(probabilities, won) };
}
