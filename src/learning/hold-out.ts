import { createHash } from 'node:crypto';
import { shuffle, type Random } from '../math/random.ts';
import { correctedWinRate } from '../routing/local-head.ts';
import type { EmbeddingBasis } from './embedding-basis.ts';
import { fitLocalHead } from './fit-local-head.ts';
import type { LocalOutcome } from './local-outcome.ts';

/** What says that two outcomes are about the same thing. */
export interface OutcomeTies {
  readonly embedding: Float32Array;
  /** Conversation and prompt, hashed; null where the log has none. */
  readonly sessionHash: string | null;
  readonly promptHash: string | null;
}

/** What heads say of outcomes that they were not fitted to. */
export interface HeldOut {
  /** Corrected win rates [outcomes]. */
  readonly scores: Float64Array;
  /** Expected ratings of the given answers [outcomes]. */
  readonly ratings: Float64Array;
}

const folds = 5;

/**
 * A group for each outcome: those of one conversation, or of one prompt (equal hash or equal vector),
 * are together, and so are those tied to them. A group is never on both sides of a split.
 */
export function groupOutcomes(outcomes: readonly OutcomeTies[]): Int32Array {
  const parent = Int32Array.from({ length: outcomes.length }, (_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!;
    return i;
  };
  const first = new Map<string, number>();
  for (const [i, { embedding, sessionHash, promptHash }] of outcomes.entries()) {
    const bytes = new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength);
    const vector = createHash('sha256').update(bytes).digest('hex');
    const keys = [`vector ${vector}`, `session ${sessionHash}`, `prompt ${promptHash}`];
    const known = [true, sessionHash !== null, promptHash !== null];
    for (const key of keys.filter((_, k) => known[k])) {
      const other = first.get(key);
      if (other === undefined) first.set(key, i);
      else parent[root(i)] = root(other);
    }
  }
  return parent.map((_, i) => root(i));
}

/** Each group is scored by a head that was fitted to the four other fifths of the groups. */
export function scoreHeldOut(
  outcomes: readonly LocalOutcome[],
  groups: Int32Array,
  basis: EmbeddingBasis,
  random: Random,
): HeldOut {
  const fold = assignFolds(groups, random);
  const scores = new Float64Array(outcomes.length);
  const ratings = new Float64Array(outcomes.length);
  for (let held = 0; held < folds; held++) {
    const fitted = outcomes.filter((_, i) => fold[i] !== held);
    if (fitted.length === outcomes.length) continue;
    const { head, expectedRating } = fitLocalHead(fitted, { basis });
    for (const [i, outcome] of outcomes.entries()) {
      if (fold[i] !== held) continue;
      scores[i] = correctedWinRate(head, outcome.winRate, outcome.embedding);
      ratings[i] = expectedRating(outcome);
    }
  }
  return { scores, ratings };
}

/** Whole groups at random, each to the fold with the fewest outcomes so far. */
function assignFolds(groups: Int32Array, random: Random): Uint8Array {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const order = Uint32Array.from(sizes.keys());
  shuffle(order, random);
  const filled = new Uint32Array(folds);
  const foldOf = new Map<number, number>();
  for (const group of order) {
    const emptiest = filled.indexOf(Math.min(...filled));
    filled[emptiest]! += sizes.get(group)!;
    foldOf.set(group, emptiest);
  }
  return Uint8Array.from(groups, (group) => foldOf.get(group)!);
}
