// RouteLLM's similarity-weighted ranking (arXiv:2406.18665, section 4.2; sw_ranking). Battles between
// models on known prompts; models are put into 10 tiers by Elo; for a prompt, with cos_i its cosine
// to the prompt of battle i,
//   w_i = 10 * 10^(cos_i / max cos),   R = Bradley-Terry of the tiers with battle i counted w_i times,
//   score = 1 - 1 / (1 + 10^((R_s - R_w) / 400)) = sigmoid(theta_s - theta_w).
// Fast and exact: all battles of one prompt share their weight and the likelihood needs only the
// weighted wins of tier over tier, so battles are counted per (prompt, tier, tier) once.
import { seededRandom } from '../math/random.ts';
import { sigmoid } from '../math/vector.ts';
import { fitBradleyTerry } from './bradley-terry.ts';
import { cosines, type Neighbours } from './neighbours.ts';
import { ratingTiers } from './rating-tiers.ts';

/** One comparison of two models' answers to a known prompt. */
export interface Battle {
  readonly prompt: number;
  readonly a: number;
  readonly b: number;
  readonly winner: 'a' | 'b' | 'tie';
}

export const tierCount = 10;
/** So that a prompt answered by 50 models (1225 pairs) does not outvote all others. */
const battlesPerPrompt = 10;
/**
 * Models with fewer battles have no rating: of few battles some are all won or all lost, and such
 * ratings, far out, would take a tier each and leave one tier to all others.
 */
const fewestBattles = 100;
/** Tier of a model that has no rating. */
export const unranked = 255;
const seed = 1;

/** Up to ten pairs of models a prompt, drawn by a fixed seed: the same file gives the same battles. */
export function drawBattles({ metadata, starts, models, scores }: Neighbours): Battle[] {
  const random = seededRandom(seed);
  const battles: Battle[] = [];
  for (let prompt = 0; prompt < metadata.ids.length; prompt++) {
    const start = starts[prompt]!;
    const count = starts[prompt + 1]! - start;
    for (const [i, j] of drawPairs(count, battlesPerPrompt, random)) {
      const difference = scores[start + i]! - scores[start + j]!;
      battles.push({
        prompt,
        a: models[start + i]!,
        b: models[start + j]!,
        winner: difference > 0 ? 'a' : difference < 0 ? 'b' : 'tie',
      });
    }
  }
  return battles;
}

/** Different unordered pairs of 0 .. count - 1: all of them, or `most` drawn ones. */
function drawPairs(count: number, most: number, random: () => number): [number, number][] {
  const all: [number, number][] = [];
  for (let i = 0; i < count; i++) for (let j = i + 1; j < count; j++) all.push([i, j]);
  const wanted = Math.min(most, all.length);
  for (let i = 0; i < wanted; i++) {
    const j = i + Math.floor(random() * (all.length - i));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all.slice(0, wanted);
}

export interface TierRanking {
  /** Tier of each model, 0 = best; `unranked` with too few battles. */
  readonly tiers: Uint8Array;
  /** theta of each tier over all battles, equally weighted. */
  readonly base: Float64Array;
  /** theta of each tier with battles weighted by their likeness to `vector`. */
  ratings(vector: Float32Array): Float64Array;
}

/** `vectors` [prompts x dimensions] are those that the battles' `prompt` counts. */
export function createTierRanking(
  allBattles: readonly Battle[],
  modelCount: number,
  vectors: Float32Array,
  fewest = fewestBattles,
): TierRanking {
  const { battles, models } = keepRanked(allBattles, modelCount, fewest);
  const tiers = new Uint8Array(modelCount).fill(unranked);
  const row = new Map(models.map((model, i) => [model, i]));
  const wins = new Float64Array(models.length ** 2);
  for (const { a, b, winner } of battles) {
    addBattle(wins, models.length, row.get(a)!, row.get(b)!, winner);
  }
  const ofRanked = ratingTiers(fitBradleyTerry(wins, models.length), tierCount);
  for (const [i, model] of models.entries()) tiers[model] = ofRanked[i]!;
  const cells = countCells(battles, tiers);
  const base = fitBradleyTerry(weigh(cells, new Float64Array(cells.prompts).fill(1)), tierCount);
  return {
    tiers,
    base,
    ratings(vector) {
      const similarity = cosines(vectors, vector).subarray(0, cells.prompts);
      const weights = similarityWeights(similarity, cells.hasBattles);
      return fitBradleyTerry(weigh(cells, weights), tierCount, base);
    },
  };
}

/** Leaves out models with fewer than `fewest` battles among those that stay. */
function keepRanked(
  all: readonly Battle[],
  modelCount: number,
  fewest: number,
): { battles: readonly Battle[]; models: number[] } {
  let battles = all;
  for (;;) {
    const counts = new Uint32Array(modelCount);
    for (const { a, b } of battles) {
      counts[a]!++;
      counts[b]!++;
    }
    const kept = battles.filter(({ a, b }) => counts[a]! >= fewest && counts[b]! >= fewest);
    if (kept.length === battles.length) {
      return { battles, models: [...counts.keys()].filter((model) => counts[model]! > 0) };
    }
    battles = kept;
  }
}

/** P(a model of `strong` beats one of `weak`). */
export function tierWinRate(ratings: Float64Array, strong: number, weak: number): number {
  return sigmoid(ratings[strong]! - ratings[weak]!);
}

/** Wins of tier over tier, prompt by prompt: entries starts[i] .. starts[i + 1] belong to prompt i. */
interface BattleCells {
  /** Up to the last prompt with a battle. */
  readonly prompts: number;
  readonly starts: Uint32Array;
  readonly cell: Uint8Array;
  readonly wins: Float32Array;
  readonly hasBattles: Uint8Array;
}

function countCells(battles: readonly Battle[], tiers: Uint8Array): BattleCells {
  const prompts = battles.reduce((most, { prompt }) => Math.max(most, prompt + 1), 0);
  const perPrompt = Array.from({ length: prompts }, () => new Map<number, number>());
  const hasBattles = new Uint8Array(prompts);
  const square = new Float64Array(tierCount * tierCount);
  for (const { prompt, a, b, winner } of battles) {
    hasBattles[prompt] = 1;
    square.fill(0);
    addBattle(square, tierCount, tiers[a]!, tiers[b]!, winner);
    const counts = perPrompt[prompt]!;
    for (const [cell, wins] of square.entries()) {
      if (wins > 0) counts.set(cell, (counts.get(cell) ?? 0) + wins);
    }
  }
  const entries = perPrompt.flatMap((counts) => [...counts]);
  let end = 0;
  return {
    prompts,
    starts: Uint32Array.from([0, ...perPrompt.map((counts) => (end += counts.size))]),
    cell: Uint8Array.from(entries, ([cell]) => cell),
    wins: Float32Array.from(entries, ([, wins]) => wins),
    hasBattles,
  };
}

/** Every battle counts twice, a tie as one win each; within one player nothing is learned. */
function addBattle(
  wins: Float64Array,
  n: number,
  a: number,
  b: number,
  winner: Battle['winner'],
): void {
  if (a === b) return;
  if (winner !== 'b') wins[a * n + b]! += winner === 'a' ? 2 : 1;
  if (winner !== 'a') wins[b * n + a]! += winner === 'b' ? 2 : 1;
}

function weigh({ starts, cell, wins }: BattleCells, weights: Float64Array): Float64Array {
  const total = new Float64Array(tierCount * tierCount);
  for (let i = 0; i < weights.length; i++) {
    const weight = weights[i]!;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) total[cell[e]!]! += weight * wins[e]!;
  }
  return total;
}

/** w = 10 * 10^(cos / max cos), the maximum over prompts with battles; all alike where it is not positive. */
export function similarityWeights(similarity: Float64Array, counts: Uint8Array): Float64Array {
  let largest = 0;
  for (let i = 0; i < similarity.length; i++) {
    if (counts[i] && similarity[i]! > largest) largest = similarity[i]!;
  }
  if (largest === 0) return similarity.map(() => 10);
  return similarity.map((cosine) => 10 * 10 ** (cosine / largest));
}
