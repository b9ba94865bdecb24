import type { StoredFeedback } from './request-record.ts';

/** What an answer shows without anybody's word. */
export type SignalKind =
  'upstream_error' | 'empty_answer' | 'truncated_by_length' | 'schema_violation' | 'asked_again';

export interface Signal {
  readonly decisionId: string;
  readonly kind: SignalKind;
  /** How good the answer was by this signal alone, 0..1. */
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly seenAtMs: number;
}

/** Which of two answers is better. */
export type Verdict = 'strong' | 'weak' | 'tie';

/** Both models' answers to one prompt, judged twice with their places swapped. */
export interface Comparison {
  readonly decisionId: string;
  /** Asked beside live traffic, or later by `pointsman label`. */
  readonly origin: 'shadow' | 'label';
  readonly judgeModel: string;
  /** Model ids as sent upstream. */
  readonly strongModel: string;
  readonly weakModel: string;
  /** Mean of the two verdicts: 1 strong is better, 0.5 tie, 0 weak is better. */
  readonly strongWin: number;
  /** With the strong answer shown first. */
  readonly firstVerdict: Verdict;
  /** With the weak answer shown first. */
  readonly secondVerdict: Verdict;
  /** 1e-9 US dollars; null where no price is configured. */
  readonly strongCostNanoUsd: number | null;
  readonly weakCostNanoUsd: number | null;
  readonly judgeCostNanoUsd: number | null;
  /** Milliseconds since the epoch. */
  readonly judgedAtMs: number;
}

/** Found out after the request's own row was made. */
export type Finding =
  | { readonly kind: 'signal'; readonly signal: Signal }
  | { readonly kind: 'comparison'; readonly comparison: Comparison };

/** From when shadow comparisons are counted. */
export interface ShadowSince {
  /** Milliseconds since the epoch: for what they cost, and for how many they were. */
  readonly costSinceMs: number;
  readonly countSinceMs: number;
}

export interface ShadowPast {
  /** 1e-9 US dollars, answers that clients were sent included. */
  readonly nanoUsd: number;
  readonly comparisons: number;
}

export interface StoredSignal {
  readonly kind: string;
  readonly value: number;
  readonly createdAtUtc: string;
}

export type StoredComparison = Omit<Comparison, 'decisionId' | 'judgedAtMs'> & {
  readonly createdAtUtc: string;
};

/** All that is known of how one decision turned out; the three kinds are never mixed. */
export interface Evidence {
  readonly feedback: readonly StoredFeedback[];
  readonly signals: readonly StoredSignal[];
  readonly comparisons: readonly StoredComparison[];
}
