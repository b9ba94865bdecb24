// Prompt-only routing beside a cascade whose confidence is assumed (assumed-confidence.ts), on real qualities.
import { seededRandom } from '../math/random.ts';
import { areaUnder, createCurve, curveApgr, qualityAt } from '../training/evaluate-metrics.ts';
import {
  percentileEstimate,
  resampleQuestions,
  type PercentileEstimate,
} from '../training/question-bootstrap.ts';
import {
  escalationTable,
  gainOfEscalating,
  type EscalationTable,
  type QualityCells,
} from './assumed-confidence.ts';
import { equalWeights, sourcesOf, type ComparedRow } from './compared-rows.ts';
import type { EvaluationInput } from './evaluate-all.ts';

/** Part of the gap recovered at 30 and 50 % strong calls, and averaged over all shares (APGR). */
export const measures = ['at30', 'at50', 'apgr'] as const;
export type Measures<T> = Readonly<Record<(typeof measures)[number], T>>;

/**
 * `alone`: every prompt is asked of the weak model, and the least confident answers are escalated.
 * `afterScore`: as the gateway does: the highest scores make half of the strong calls without a weak answer,
 * and the least confident answers to the other prompts the other half.
 */
export const cascades = ['alone', 'afterScore'] as const;
export type ByCascade<T> = Readonly<Record<(typeof cascades)[number], T>>;

/** At what AUROC a cascade is as good as prompt-only routing; null: not even at 1. */
type BreakEven = ByCascade<Measures<PercentileEstimate>>;

export interface CascadeComparison {
  readonly router: string;
  readonly resamples: number;
  /** Means over the pairs. */
  readonly promptOnly: Measures<PercentileEstimate>;
  readonly byAuroc: readonly { readonly auroc: number; readonly cascades: BreakEven }[];
  readonly breakEven: BreakEven;
  readonly pairs: readonly {
    readonly strong: string;
    readonly weak: string;
    readonly prompts: number;
    readonly promptOnly: Measures<PercentileEstimate>;
    readonly breakEven: BreakEven;
  }[];
}

export interface CascadePair {
  readonly strong: string;
  readonly weak: string;
  readonly rows: readonly ComparedRow[];
  /** Scores of the rows by the router that routes by prompt alone. */
  readonly scores: readonly number[];
}

export interface CascadeInput {
  readonly router: string;
  readonly pairs: readonly CascadePair[];
  readonly resamples: number;
  readonly seed: number;
}

/** Break-evens are read off between these; one under the first is given as the first. */
export const aurocs = [
  ...[0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7],
  ...[0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 1],
] as const;

const tenths = Array.from({ length: 11 }, (_, i) => i / 10);

/** Each source weighs the same in a pair, and each pair in the means. Questions are drawn for all pairs at once. */
export function compareCascade({
  router,
  pairs,
  resamples,
  seed,
}: CascadeInput): CascadeComparison {
  const evaluators = pairs.map(createEvaluator);
  const evaluate = (counts: Uint16Array | null): PairOutcome[] => {
    let start = 0;
    return pairs.map(({ rows }, i) => {
      const end = start + rows.length;
      const drawn = counts?.subarray(start, end) ?? new Uint16Array(rows.length).fill(1);
      start = end;
      return evaluators[i]!(drawn);
    });
  };
  const whole = evaluate(null);
  const rows = pairs.flatMap((pair) => pair.rows);
  const resampled = resampleQuestions(rows, seededRandom(seed), resamples, evaluate);
  const means = { whole: meanOf(whole), resampled: resampled.map(meanOf) };
  return {
    router,
    resamples,
    promptOnly: byMeasure((measure) => figure(means, ({ promptOnly }) => promptOnly[measure])),
    byAuroc: aurocs.map((auroc, level) => ({
      auroc,
      cascades: byCascade((cascade) =>
        byMeasure((measure) => figure(means, (of) => of.cascades[cascade][measure][level]!)),
      ),
    })),
    breakEven: breakEvenOf(means),
    pairs: pairs.map(({ strong, weak, rows }, i) => {
      const own = { whole: whole[i]!, resampled: resampled.map((run) => run[i]!) };
      return {
        ...{ strong, weak, prompts: rows.length },
        promptOnly: byMeasure((measure) => figure(own, ({ promptOnly }) => promptOnly[measure])),
        breakEven: breakEvenOf(own),
      };
    }),
  };
}

/** Parts of the gap: by the score, and by each cascade at each of `aurocs`. */
interface PairOutcome {
  readonly promptOnly: Measures<number>;
  readonly cascades: ByCascade<Measures<readonly number[]>>;
}

interface Sampled {
  readonly whole: PairOutcome;
  readonly resampled: readonly PairOutcome[];
}

function figure(
  { whole, resampled }: Sampled,
  of: (outcome: PairOutcome) => number,
): PercentileEstimate {
  return percentileEstimate(of(whole), resampled.map(of));
}

function breakEvenOf({ whole, resampled }: Sampled): BreakEven {
  return byCascade((cascade) =>
    byMeasure((measure) => {
      const crossing = ({ promptOnly, cascades: of }: PairOutcome): number | null =>
        breakEvenAuroc(of[cascade][measure], promptOnly[measure]);
      return percentileEstimate(
        crossing(whole),
        resampled.map((outcome) => crossing(outcome) ?? 1),
      );
    }),
  );
}

/** Where `values` at `aurocs` first reach the target; null when they do not. */
export function breakEvenAuroc(values: readonly number[], target: number): number | null {
  const reached = values.findIndex((value) => value >= target);
  if (reached < 0) return null;
  if (reached === 0) return aurocs[0];
  const [below, above] = [values[reached - 1]!, values[reached]!];
  const [low, high] = [aurocs[reached - 1]!, aurocs[reached]!];
  return low + ((target - below) / (above - below)) * (high - low);
}

/** @returns what a resample of the pair's rows shows, by how often each was drawn */
function createEvaluator({ rows, scores }: CascadePair): (counts: Uint16Array) => PairOutcome {
  const weights = equalWeights(rows);
  const strong = rows.map((row) => row.strong);
  const weak = rows.map((row) => row.weak);
  const qualities = Float64Array.from(new Set(weak)).sort();
  const cellOf = Uint16Array.from(weak, (quality) => qualities.indexOf(quality));
  const tables = aurocs.map((auroc) => escalationTable(qualities, auroc));
  const curveOf = createCurve({ scores, strong, weak, weights });
  const falling = Uint32Array.from(rows.keys()).sort((i, j) => scores[j]! - scores[i]!);
  return (counts) => {
    const curve = curveOf(counts);
    const [atWeak, atStrong] = [curve[0]!.quality, curve.at(-1)!.quality];
    const whole: QualityCells = {
      weight: new Float64Array(qualities.length),
      gain: new Float64Array(qualities.length),
    };
    const add = ({ weight, gain }: QualityCells, row: number, times: number): void => {
      const added = times * weights[row]!;
      weight[cellOf[row]!]! += added;
      gain[cellOf[row]!]! += added * (strong[row]! - weak[row]!);
    };
    for (const row of falling) add(whole, row, counts[row]!);
    const total = whole.weight.reduce((sum, weight) => sum + weight, 0);

    const splitAt = (share: number): Split => {
      const rest = { weight: whole.weight.slice(), gain: whole.gain.slice() };
      let [left, gain] = [share * total, 0];
      for (let i = 0; i < falling.length && left > 0; i++) {
        const row = falling[i]!;
        const weight = counts[row]! * weights[row]!;
        const times = weight > left ? (counts[row]! * left) / weight : counts[row]!;
        add(rest, row, -times);
        gain += times * weights[row]! * (strong[row]! - weak[row]!);
        left -= weight;
      }
      return { rest, gain };
    };
    const splits: ByCascade<readonly Split[]> = {
      alone: tenths.map(() => ({ rest: whole, gain: 0 })),
      afterScore: tenths.map((share) => splitAt(share / 2)),
    };
    const recovered = (quality: number): number => (quality - atWeak) / (atStrong - atWeak);
    const partsOf = (cascade: keyof typeof splits, table: EscalationTable): number[] =>
      splits[cascade].map(({ rest, gain }, i) => {
        const escalated = tenths[i]! * (cascade === 'alone' ? 1 : 0.5) * total;
        return recovered(atWeak + (gain + gainOfEscalating(table, rest, escalated)) / total);
      });
    return {
      promptOnly: {
        at30: recovered(qualityAt(curve, 0.3)),
        at50: recovered(qualityAt(curve, 0.5)),
        apgr: curveApgr(curve),
      },
      cascades: byCascade((cascade) => {
        const levels = tables.map((table) => partsOf(cascade, table));
        return {
          at30: levels.map((parts) => parts[3]!),
          at50: levels.map((parts) => parts[5]!),
          apgr: levels.map((parts) =>
            areaUnder(parts.map((quality, i) => ({ share: tenths[i]!, quality }))),
          ),
        };
      }),
    };
  };
}

/** What the score sends to strong gains `gain`; the rest is asked of the weak model. */
interface Split {
  readonly rest: QualityCells;
  readonly gain: number;
}

function meanOf(outcomes: readonly PairOutcome[]): PairOutcome {
  const mean = (of: (outcome: PairOutcome) => number): number =>
    outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length;
  return {
    promptOnly: byMeasure((measure) => mean(({ promptOnly }) => promptOnly[measure])),
    cascades: byCascade((cascade) =>
      byMeasure((measure) =>
        aurocs.map((_, level) => mean((outcome) => outcome.cascades[cascade][measure][level]!)),
      ),
    ),
  };
}

function byMeasure<T>(of: (measure: (typeof measures)[number]) => T): Measures<T> {
  return { at30: of('at30'), at50: of('at50'), apgr: of('apgr') };
}

function byCascade<T>(of: (cascade: (typeof cascades)[number]) => T): ByCascade<T> {
  return { alone: of('alone'), afterScore: of('afterScore') };
}

/** Of each pair what its pooled table is about; the first router routes by prompt alone. */
export function cascadeInput(input: EvaluationInput): CascadeInput {
  const [router = 'mf'] = input.routers;
  const pairs = input.pairs.map(({ strong, weak, rows, scores, minimumRows }) => {
    const kept = new Set(sourcesOf(rows, minimumRows).kept.map(({ source }) => source));
    const picked = [...rows.keys()].filter((i) => kept.has(rows[i]!.source));
    const own = scores.get(router)!;
    return {
      ...{ strong, weak },
      rows: picked.map((i) => rows[i]!),
      scores: picked.map((i) => own[i]!),
    };
  });
  return { router, pairs, resamples: input.resamples, seed: input.seed };
}
