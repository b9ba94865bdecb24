// What a log says about a cascade: does the weak model's confidence tell its good answers from its bad ones, does it
// tell them better than the score does, and what do bounds on it escalate?
import { quantile, sorted } from '../math/quantile.ts';
import { seededRandom } from '../math/random.ts';
import { aurocError, createAuroc } from './auroc.ts';
import { createClusterDraw } from './draw-clusters.ts';
import { estimate, type Estimate } from './interval.ts';

/** A request that a cascade asked the weak model first. */
export interface CascadeRow {
  /** Win rate, 0..1. */
  readonly score: number;
  /** Mean log-probability of the weak answer's first tokens; null where it broke off before any. */
  readonly confidence: number | null;
  /** The strong model answered. */
  readonly isEscalated: boolean;
  readonly isStream: boolean;
  /** False when the client left before the end. */
  readonly isOver: boolean;
  readonly ttftMs: number | null;
  /** Of the weak answer that nobody saw, in 1e-9 US dollars. */
  readonly discardedCostNanoUsd: number | null;
  /** Mean of all feedback on the answer given, 0..1. */
  readonly explicit: number | null;
  /** Mean over judges: 1 the strong answer is better, 0.5 tie, 0 the weak one. */
  readonly strongWin: number | null;
  /** Every comparison asked the weak model once more, for another answer than the one of `confidence`. */
  readonly isAskedAgain: boolean;
  /** Whether the answer given shows a failure by itself. */
  readonly hasSignal: boolean;
  /** Rows of one name are drawn together; null: a row of its own. */
  readonly cluster: string | null;
}

/** An answer for which the score went straight to strong. */
export interface StraightRow {
  readonly isStream: boolean;
  readonly ttftMs: number;
}

/** Who says how a weak answer turned out; never mixed. */
export type EvidenceKind = 'judged' | 'explicit' | 'signals';

export interface KindEvidence {
  readonly kind: EvidenceKind;
  readonly outcomes: number;
  /** Not lost to strong; rated at least 0.5; without a signal. */
  readonly good: number;
  readonly bad: number;
  /** Comparisons of another weak answer to the same prompt than the one of the confidence. */
  readonly askedAgain: number;
  /** Null when there are too few. */
  readonly found: {
    readonly confidence: Estimate;
    /** Of a low score, on the same answers: what prompt-only routing knows. */
    readonly score: Estimate;
    /** The first less the second, on the same resamples. */
    readonly difference: Estimate;
  } | null;
  /** Outcomes that are needed in all; null when there are enough. */
  readonly needed: number | null;
}

export interface BoundEffect {
  readonly bound: number;
  /** Share of the confidences under it. */
  readonly share: number;
  /** Mean win of strong over the compared answers under the bound and the others; null with fewer than 10. */
  readonly strongWin: { readonly below: number | null; readonly above: number | null };
}

/** Time to the first byte, in ms; null with fewer than 10 answers. */
export interface Times {
  readonly answers: number;
  readonly p50: number | null;
  readonly p95: number | null;
}

export interface CascadeEvidence {
  readonly requests: number;
  /** Those with a confidence. */
  readonly confident: number;
  readonly escalated: number;
  /** Escalated, since the weak answer broke off before it had any confidence. */
  readonly brokeOff: number;
  readonly kinds: readonly KindEvidence[];
  /** What the bound that is asked about would escalate. */
  readonly present: BoundEffect;
  /** Lowest bound first. */
  readonly bounds: readonly BoundEffect[];
  readonly discarded: {
    /** Of the escalated requests that have a price, in 1e-9 US dollars. */
    readonly costNanoUsd: number | null;
    readonly withoutPrice: number;
  };
  readonly ttft: Readonly<
    Record<
      'stream' | 'whole',
      { readonly kept: Times; readonly escalated: Times; readonly straight: Times }
    >
  >;
}

export const fewestOutcomes = 50;
/** Of good and of bad answers each. */
const fewestOfEach = 10;

const shownShares = [0.05, 0.1, 0.2, 0.3, 0.5];

export interface EvidenceOptions {
  /** Confidences under it are escalated. */
  readonly bound: number;
  readonly resamples: number;
  readonly seed?: number;
}

/** @param rows with at least one confidence */
export function cascadeEvidence(
  rows: readonly CascadeRow[],
  straight: readonly StraightRow[],
  { bound, resamples, seed = 1 }: EvidenceOptions,
): CascadeEvidence {
  const confident = rows.filter(isConfident);
  const confidences = sorted(confident.map(({ confidence }) => confidence));
  const escalated = rows.filter(({ isEscalated }) => isEscalated);
  const costs = escalated.flatMap(({ discardedCostNanoUsd }) => discardedCostNanoUsd ?? []);
  const kinds = ['judged', 'explicit', 'signals'] as const;
  const bounds = new Set(shownShares.map((share) => quantile(confidences, share)));
  return {
    requests: rows.length,
    confident: confident.length,
    escalated: escalated.length,
    brokeOff: escalated.filter(({ confidence }) => confidence === null).length,
    kinds: kinds.map((kind) => kindEvidence(kind, confident, resamples, seed)),
    present: effectOf(bound, confident),
    bounds: [...bounds].map((each) => effectOf(each, confident)),
    discarded: {
      costNanoUsd: costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0),
      withoutPrice: escalated.length - costs.length,
    },
    ttft: { stream: timesOf(rows, straight, true), whole: timesOf(rows, straight, false) },
  };
}

type ConfidentRow = CascadeRow & { readonly confidence: number };

function isConfident(row: CascadeRow): row is ConfidentRow {
  return row.confidence !== null;
}

/**
 * Whether the weak answer was good; null where that is not known. Of an escalated request the client saw
 * the strong answer: what it says of it says nothing of the weak one, but a comparison is about both.
 */
function isGood(kind: EvidenceKind, row: CascadeRow): boolean | null {
  if (kind === 'judged') return row.strongWin === null ? null : row.strongWin <= 0.5;
  if (row.isEscalated) return null;
  if (kind === 'explicit') return row.explicit === null ? null : row.explicit >= 0.5;
  return row.isOver ? !row.hasSignal : null;
}

function kindEvidence(
  kind: EvidenceKind,
  rows: readonly ConfidentRow[],
  resamples: number,
  seed: number,
): KindEvidence {
  const told = rows.flatMap((row) => {
    const good = isGood(kind, row);
    return good === null ? [] : [{ row, isGood: good }];
  });
  const good = told.filter((each) => each.isGood).length;
  const bad = told.length - good;
  const counts = {
    ...{ kind, outcomes: told.length, good, bad },
    askedAgain: kind === 'judged' ? told.filter(({ row }) => row.isAskedAgain).length : 0,
  };
  const needed = neededOutcomes(good, bad);
  if (needed > told.length) return { ...counts, found: null, needed };

  const byConfidence = createAuroc(
    told.map(({ row, isGood }) => ({ signal: row.confidence, isGood })),
  );
  const byScore = createAuroc(told.map(({ row, isGood }) => ({ signal: -row.score, isGood })));
  const draw = createClusterDraw(
    told.map(({ row }) => row.cluster),
    seededRandom(seed),
  );
  const drawn = new Uint16Array(told.length);
  const samples = Array.from({ length: resamples }, () => {
    draw(drawn);
    return { confidence: byConfidence(drawn), score: byScore(drawn) };
  });
  const errorOf = (value: number): number => aurocError(value, good, bad);
  const areaOf = (value: number, resampled: readonly number[]): Estimate => {
    const spread = { leastError: errorOf(value), acceleration: 0 };
    const { interval95 } = estimate(value, resampled, spread)!;
    return { value, interval95: [Math.max(0, interval95[0]), Math.min(1, interval95[1])] };
  };
  const [confidence, score] = [byConfidence(), byScore()];
  return {
    ...counts,
    found: {
      confidence: areaOf(
        confidence,
        samples.map((sample) => sample.confidence),
      ),
      score: areaOf(
        score,
        samples.map((sample) => sample.score),
      ),
      difference: estimate(
        confidence - score,
        samples.map((sample) => sample.confidence - sample.score),
        // However alike the two go: |sd A - sd B| <= sd (A - B).
        { leastError: Math.abs(errorOf(confidence) - errorOf(score)), acceleration: 0 },
      )!,
    },
    needed: null,
  };
}

/**
 * So many that of good and bad answers each there are `fewestOfEach`, as often as the rarer ones were seen
 * so far (with one more of each: the rule of succession), and `fewestOutcomes` at least.
 */
function neededOutcomes(good: number, bad: number): number {
  const [all, rarer] = [good + bad, Math.min(good, bad)];
  if (rarer >= fewestOfEach) return fewestOutcomes;
  return Math.max(fewestOutcomes, Math.ceil((fewestOfEach * (all + 2)) / (rarer + 1)), all + 1);
}

function effectOf(bound: number, rows: readonly ConfidentRow[]): BoundEffect {
  const below = rows.filter(({ confidence }) => confidence < bound);
  const above = rows.filter(({ confidence }) => confidence >= bound);
  const meanWin = (of: readonly ConfidentRow[]): number | null => {
    const wins = of.flatMap(({ strongWin }) => strongWin ?? []);
    if (wins.length < fewestOfEach) return null;
    return wins.reduce((sum, win) => sum + win, 0) / wins.length;
  };
  return {
    bound,
    share: below.length / rows.length,
    strongWin: { below: meanWin(below), above: meanWin(above) },
  };
}

function timesOf(rows: readonly CascadeRow[], straight: readonly StraightRow[], isStream: boolean) {
  const of = (list: readonly { readonly isStream: boolean; readonly ttftMs: number | null }[]) => {
    const ms = sorted(list.flatMap((row) => (row.isStream === isStream ? (row.ttftMs ?? []) : [])));
    const at = (p: number): number | null => (ms.length < fewestOfEach ? null : quantile(ms, p));
    return { answers: ms.length, p50: at(0.5), p95: at(0.95) };
  };
  return {
    kept: of(rows.filter(({ isEscalated }) => !isEscalated)),
    escalated: of(rows.filter(({ isEscalated }) => isEscalated)),
    straight: of(straight),
  };
}
