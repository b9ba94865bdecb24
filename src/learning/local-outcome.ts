import type { Tier } from '../routing/decision.ts';

/** How an answer was rated, by a user or a program, and how the answering tier had been chosen. */
export interface Rating {
  readonly tier: Tier;
  /** Quality of this answer, 0..1. */
  readonly value: number;
  /**
   * How likely this tier was to be chosen, in (0, 1]; null when that is not known. Below 1 the other
   * tier could have been chosen, too: only such rows can show what a change of tier is worth.
   */
  readonly propensity: number | null;
}

/** What a head is fitted to: one prompt with evidence on one or both models' answers. */
export interface LocalOutcome {
  /** Win rate by the router without any local head, 0..1. */
  readonly winRate: number;
  /** The vector that it was made from; all rows have the same length. */
  readonly embedding: Float32Array;
  /** Both answers compared: 1 strong is better, 0.5 a tie, 0 weak is better; null: not compared. */
  readonly strongWin: number | null;
  /** Null: the answer was not rated. */
  readonly rating: Rating | null;
}
