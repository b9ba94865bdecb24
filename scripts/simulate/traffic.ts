import type { CalibrationRow } from '../../src/calibration/calibration-row.ts';
import type { Random } from '../../src/math/random.ts';
import { explore } from '../../src/routing/explore.ts';
import { tierOf } from '../../src/routing/thresholds.ts';
import { costNanoUsd } from '../../src/upstream/cost.ts';
import type { KnownPrompt } from './population.ts';

/** How users and the operator behave. */
export interface Behaviour {
  /** Share of requests whose tier is drawn. */
  readonly exploration: number;
  /** How many answers are rated, of either tier; hard prompts a little more often. */
  readonly rated: { readonly strong: number; readonly weak: number };
  /** Share of the ratings and verdicts that say the opposite. */
  readonly noise: number;
  /** Share of requests of which both answers are compared. */
  readonly compared: number;
  /** Mean number of requests until a rating or a verdict is known. */
  readonly delay: number;
}

export interface SimulatedRequest extends CalibrationRow {
  readonly prompt: KnownPrompt;
  /** Number of the request after which its outcome is known. */
  readonly knownAfter: number;
}

/** Dollars for a million tokens, in and out: a large and a small open model, hosted. */
const prices = {
  strong: { inputPerMtok: 0.88, outputPerMtok: 0.88 },
  weak: { inputPerMtok: 0.18, outputPerMtok: 0.18 },
};
const answerTokens = 264;

/** The next request, decided as the server decides it. */
export function simulateRequest(
  prompt: KnownPrompt,
  number: number,
  threshold: number,
  { exploration, rated, noise, compared, delay }: Behaviour,
  random: Random,
): SimulatedRequest {
  const { score } = prompt;
  const policy = { tier: tierOf(score, threshold), propensity: 1 };
  const { tier, propensity } = explore(policy, exploration, random);
  const isRated = random() < rated[tier] * (0.6 + 0.8 * score);
  const isCompared = random() < compared;
  // A tie stays one; a verdict may be the wrong way round.
  const win = (1 + prompt.strong - prompt.weak) / 2;
  const promptTokens = Math.ceil(prompt.prompt.length / 4);
  return {
    ...{ prompt, score, tier, propensity, promptTokens },
    fellBack: false,
    promptChars: prompt.prompt.length,
    costNanoUsd: costNanoUsd(prices[tier], {
      promptTokens,
      completionTokens: answerTokens * (0.5 + random()),
    }),
    explicit: isRated ? rating(prompt[tier], noise, random) : null,
    strongWin: isCompared ? (random() < noise ? 1 - win : win) : null,
    // Each request is drawn for itself, as likely as any other.
    cluster: null,
    knownAfter: number + Math.ceil(-delay * Math.log(1 - random())),
  };
}

/** Thumbs up or down, wrong now and then. */
export function rating(quality: number, noise: number, random: Random): number {
  const isGood = random() < quality;
  return isGood !== random() < noise ? 1 : 0;
}

/** What the log says after `now` requests. */
export function knownBy(requests: readonly SimulatedRequest[], now: number): CalibrationRow[] {
  return requests.map((request) =>
    request.knownAfter <= now ? request : { ...request, explicit: null, strongWin: null },
  );
}

/** The truth about prompts: mean qualities, PGR and costs of any threshold. */
export interface Truth {
  readonly weak: number;
  readonly strong: number;
  shareOf(threshold: number): number;
  qualityOf(threshold: number): number;
  pgrOf(threshold: number): number;
  costPer1kUsd(threshold: number): number;
  /** The highest threshold that keeps `target`, with all lower ones. */
  bestFor(target: number): number;
}

/** Of prompts that come equally often. */
export function truthOf(prompts: readonly KnownPrompt[]): Truth {
  const falling = [...prompts].sort((a, b) => b.score - a.score);
  const n = falling.length;
  // Sums over the k prompts with the highest scores.
  const gain = new Float64Array(n + 1);
  const extra = new Float64Array(n + 1);
  let [weak, weakCost] = [0, 0];
  for (const [k, prompt] of falling.entries()) {
    const promptTokens = Math.ceil(prompt.prompt.length / 4);
    gain[k + 1] = gain[k]! + prompt.strong - prompt.weak;
    const cost = (tier: 'strong' | 'weak'): number =>
      costNanoUsd(prices[tier], { promptTokens, completionTokens: answerTokens })!;
    extra[k + 1] = extra[k]! + cost('strong') - cost('weak');
    weak += prompt.weak / n;
    weakCost += cost('weak') / n;
  }
  const sentAt = (threshold: number): number => {
    let [low, high] = [0, n];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (falling[middle]!.score >= threshold) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const pgrOf = (threshold: number): number => gain[sentAt(threshold)]! / gain[n]!;
  return {
    weak,
    strong: weak + gain[n]! / n,
    shareOf: (threshold) => sentAt(threshold) / n,
    qualityOf: (threshold) => weak + gain[sentAt(threshold)]! / n,
    pgrOf,
    costPer1kUsd: (threshold) => (weakCost + extra[sentAt(threshold)]! / n) * 1e-6,
    bestFor(target) {
      // From all strong down, prompt by prompt of different score.
      let best = 0;
      for (let k = n; k > 0; k--) {
        const threshold = falling[k - 1]!.score;
        if (pgrOf(threshold) < target) break;
        best = threshold;
      }
      return best;
    },
  };
}
