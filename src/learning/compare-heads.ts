// Is a new head better than the present one, beyond noise? Both score the same outcomes, which neither has
// seen, and
//
//   A = mean quality over all shares of strong calls, 0 to 1 (evaluate-metrics.ts)
//
// is compared by a paired bootstrap of groups: APGR's numerator, which needs no gap between the models to be
// defined. "Better" is a 95 % interval of the difference of A that lies above 0.
import type { Interval } from '../math/interval.ts';
import type { Random } from '../math/random.ts';
import {
  areaUnder,
  createCurve,
  curveApgr,
  createRandomCurve,
  performanceGapRecovered,
  qualityAt,
  type CurvePoint,
} from '../training/evaluate-metrics.ts';
import {
  percentileEstimate,
  interval95,
  resampleQuestions,
  type PercentileEstimate,
} from '../training/question-bootstrap.ts';

export interface ComparedHeads {
  /** What strong gains on each outcome. */
  readonly gains: ArrayLike<number>;
  readonly kinds: readonly string[];
  readonly groups: ArrayLike<number>;
  /** Scores by contender; `new` and `present` are the two that are compared. */
  readonly scores: ReadonlyMap<string, ArrayLike<number>>;
  /** Share of strong calls at which the quality is reported, 0..1. */
  readonly strongShare: number;
}

export interface ContenderFigures {
  readonly name: string;
  /** 0.5 is chance; null where strong is no better than weak on the whole. */
  readonly apgr: PercentileEstimate;
  /** Share of strong calls, and the part of the strong model's advantage that it keeps. */
  readonly strongShare: number;
  readonly recovered: PercentileEstimate;
}

export interface HeadComparison {
  readonly contenders: readonly ContenderFigures[];
  /** What always-strong gains over always-weak, in quality. */
  readonly gap: PercentileEstimate;
  /** New less present. */
  readonly apgrGain: PercentileEstimate;
  readonly areaGain: { readonly value: number; readonly interval95: Interval };
  readonly isBetter: boolean;
  /**
   * Outcomes of this kind and effect with which the gain would show in four runs of five; null when
   * it shows.
   */
  readonly outcomesNeeded: number | null;
}

export const newHead = 'new head';
export const presentHead = 'present head';

/** z of a two-sided 5 % test, and of a power of 80 %. */
const [significance, power] = [1.96, 0.84];
/** A gain in APGR that would be worth waiting for. */
const worthwhileApgr = 0.02;

export function compareHeads(
  input: ComparedHeads,
  random: Random,
  resamples = 1000,
): HeadComparison {
  const { gains, kinds, groups, strongShare } = input;
  const n = gains.length;
  const outcomes = { strong: gains, weak: new Float64Array(n), weights: precisions(gains, kinds) };
  const names = [...input.scores.keys(), 'random'];
  const curves = names.map((name) => {
    const scores = input.scores.get(name);
    return scores ? createCurve({ ...outcomes, scores }) : createRandomCurve(outcomes, random);
  });
  const measure = (counts?: ArrayLike<number>) =>
    curves.map((curve) => figuresOf(curve(counts), strongShare));
  const whole = measure();
  const questions = kinds.map((source, i) => ({ source, key: String(groups[i]) }));
  const runs = resampleQuestions(questions, random, resamples, measure);
  const column = (value: (figures: Figures[]) => number | null): PercentileEstimate =>
    percentileEstimate(value(whole), runs.map(value));
  const difference = (of: (figures: Figures) => number | null) => (figures: Figures[]) => {
    const [later, before] = [newHead, presentHead].map((name) => of(figures[names.indexOf(name)]!));
    return later == null || before == null ? null : later - before;
  };
  const areaOf = difference(({ area }) => area);
  const areaGain = {
    value: areaOf(whole) ?? 0,
    interval95: interval95(runs.map(areaOf)) ?? ([0, 0] as const),
  };
  const isBetter = areaGain.interval95[0] > 0;
  const gap = column((figures) => figures[0]!.gap);
  return {
    contenders: [
      ...names.map((name, i) => ({
        name,
        apgr: column((figures) => figures[i]!.apgr),
        strongShare,
        recovered: column((figures) => figures[i]!.recovered),
      })),
      always('always weak', 0),
      always('always strong', 1),
    ],
    gap,
    apgrGain: column(difference(({ apgr }) => apgr)),
    areaGain,
    isBetter,
    outcomesNeeded: isBetter ? null : needed(n, areaGain, gap.value ?? 0),
  };
}

interface Figures {
  readonly area: number;
  readonly gap: number;
  readonly apgr: number | null;
  readonly recovered: number | null;
}

function figuresOf(curve: readonly CurvePoint[], strongShare: number): Figures {
  const [weak, strong] = [curve[0]!.quality, curve.at(-1)!.quality];
  const hasGap = strong > weak;
  return {
    area: areaUnder(curve),
    gap: strong - weak,
    apgr: hasGap ? curveApgr(curve) : null,
    recovered: hasGap ? performanceGapRecovered(qualityAt(curve, strongShare), weak, strong) : null,
  };
}

function always(name: string, share: 0 | 1): ContenderFigures {
  const none = { value: null, interval95: null };
  return { name, apgr: none, strongShare: share, recovered: { value: share, interval95: null } };
}

/** Every kind of evidence weighs by its precision: an estimate from one rating is far less sure. */
function precisions(gains: ArrayLike<number>, kinds: readonly string[]): Float64Array {
  const squares = new Map<string, { sum: number; count: number }>();
  for (const [i, kind] of kinds.entries()) {
    const { sum, count } = squares.get(kind) ?? { sum: 0, count: 0 };
    squares.set(kind, { sum: sum + gains[i]! ** 2, count: count + 1 });
  }
  return Float64Array.from(kinds, (kind) => {
    const { sum, count } = squares.get(kind)!;
    return 1 / Math.max(0.01, sum / count);
  });
}

/** n (z_{0.975} + z_{0.8})^2 (se / gain)^2, for the gain that was seen or one that is worthwhile. */
function needed(
  n: number,
  { value, interval95: [low, high] }: HeadComparison['areaGain'],
  gap: number,
): number {
  const error = (high - low) / (2 * significance);
  const gain = Math.max(value, worthwhileApgr * Math.max(0.05, Math.abs(gap)));
  const exact = n * ((significance + power) * (error / gain)) ** 2;
  const size = 10 ** Math.max(1, Math.floor(Math.log10(Math.max(exact, 1))) - 1);
  return Math.max(n + size, Math.ceil(exact / size) * size);
}
