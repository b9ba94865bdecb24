// Win rate from the nearest known prompts. With the k nearest, weights v_i = exp(8 (cos_i - max cos)),
// gap_i = score of strong - score of weak, and win = share of prompts on which strong is strictly
// better (the win rate of matrix-factorization.ts: a tie is no win),
//   win rate = win of the pair over all known prompts + (weighted mean gap of the k - mean gap of all),
// kept within [0, 1]. For outcomes of 0 and 1, win = gap + share of losses, so this is the local win
// rate with the pair's overall share of losses: the gap is what routing gains, and ranks better (on
// dev than the local share of wins, which is blind to losses).
import { clamp } from '../math/vector.ts';
import type { PairOutcomes } from './neighbour-pair.ts';
import { cosines } from './neighbours.ts';

const neighbourCount = 60;
const sharpness = 8;

export interface Neighbour {
  readonly id: string;
  readonly similarity: number;
  readonly strong: number;
  readonly weak: number;
  readonly weight: number;
}

export interface NearestOutcomes {
  readonly winRate: number;
  /** Weighted mean score of either model. */
  readonly strong: number;
  readonly weak: number;
  /** Nearest first. */
  readonly neighbours: readonly Neighbour[];
}

export interface OutcomeSearch {
  /** Win rate of the pair over all known prompts. */
  readonly base: number;
  nearest(vector: Float32Array): NearestOutcomes;
}

export function createOutcomeSearch(known: PairOutcomes, k = neighbourCount): OutcomeSearch {
  const n = known.ids.length;
  let wins = 0;
  let gap = 0;
  for (let i = 0; i < n; i++) {
    if (known.strong[i]! > known.weak[i]!) wins++;
    gap += known.strong[i]! - known.weak[i]!;
  }
  const base = wins / n;
  return {
    base,
    nearest(vector) {
      const neighbours = nearestTo(known, cosines(known.vectors, vector), Math.min(k, n));
      const { strong, weak } = weightedMeans(neighbours);
      return {
        winRate: clamp(base + (strong - weak - gap / n), 0, 1),
        ...{ strong, weak, neighbours },
      };
    },
  };
}

export function weightedMeans(neighbours: readonly Neighbour[]): { strong: number; weak: number } {
  let [total, strong, weak] = [0, 0, 0];
  for (const neighbour of neighbours) {
    total += neighbour.weight;
    strong += neighbour.weight * neighbour.strong;
    weak += neighbour.weight * neighbour.weak;
  }
  return { strong: strong / total, weak: weak / total };
}

/** By falling cosine; of equal ones the earlier. */
function nearestTo(known: PairOutcomes, similarity: Float64Array, k: number): Neighbour[] {
  const cut = Float64Array.from(similarity).sort()[similarity.length - k]!;
  const order: number[] = [];
  for (let i = 0; i < similarity.length; i++) if (similarity[i]! >= cut) order.push(i);
  order.sort((i, j) => similarity[j]! - similarity[i]! || i - j);
  const largest = similarity[order[0]!]!;
  return order.slice(0, k).map((i) => ({
    id: known.ids[i]!,
    similarity: similarity[i]!,
    strong: known.strong[i]!,
    weak: known.weak[i]!,
    weight: Math.exp(sharpness * (similarity[i]! - largest)),
  }));
}
