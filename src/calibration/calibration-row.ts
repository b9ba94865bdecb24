/** A scored request that the threshold decides; a `LoggedOutcome` is one. */
export interface CalibrationRow {
  /** Win rate, 0..1. */
  readonly score: number;
  /** Who was to answer. */
  readonly tier: 'strong' | 'weak';
  /** True when another group than the decided one answered, or none. */
  readonly fellBack: boolean;
  /** How likely `tier` was to be chosen for this request, in (0, 1]; null counts as 1. */
  readonly propensity: number | null;
  /** UTF-16 units of the scored text; for the floor by length. */
  readonly promptChars: number | null;
  readonly promptTokens: number | null;
  /** Of the answer given, in 1e-9 US dollars. */
  readonly costNanoUsd: number | null;
  /** Mean of all feedback on the answer given, 0..1. */
  readonly explicit: number | null;
  /** Mean over judges: 1 the strong answer is better, 0.5 tie, 0 the weak one. */
  readonly strongWin: number | null;
  /** Of both answers of a comparison, in 1e-9 US dollars. */
  readonly comparedCostNanoUsd?: { readonly strong: number; readonly weak: number } | null;
  /** Rows of one name are drawn together: a session, else a prompt. Null: a row of its own. */
  readonly cluster?: string | null;
}

/** Which evidence of quality counts. */
export type OutcomeChoice = 'explicit' | 'judged' | 'all';
