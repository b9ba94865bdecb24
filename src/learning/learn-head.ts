import { seededRandom } from '../math/random.ts';
import { correctedWinRate, type LocalHead } from '../routing/local-head.ts';
import { compareHeads, newHead, presentHead, type HeadComparison } from './compare-heads.ts';
import { createEmbeddingBasis } from './embedding-basis.ts';
import { basisSize, fitLocalHead, type FittedHead } from './fit-local-head.ts';
import { groupOutcomes, scoreHeldOut, type OutcomeTies } from './hold-out.ts';
import type { LocalOutcome } from './local-outcome.ts';
import { observedGain } from './observed-gain.ts';

export interface LearnedFrom extends LocalOutcome, OutcomeTies {
  /** UTF-16 units of the prompt, for the length floor. */
  readonly promptChars: number;
  /** False: the present head was fitted when this was known, so that it says nothing of that head. */
  readonly isNewToPresent: boolean;
}

export interface LearnInput {
  readonly outcomes: readonly LearnedFrom[];
  /** The local head in force; null: the shipped one. */
  readonly present: LocalHead | null;
  readonly strongShare: number;
  readonly seed: number;
  readonly resamples?: number;
}

export interface LearnedHead {
  readonly fitted: FittedHead;
  readonly counts: OutcomeCounts;
  /** Null when too few outcomes can show which tier was better. */
  readonly comparison: HeadComparison | null;
}

export interface OutcomeCounts {
  readonly outcomes: number;
  readonly compared: number;
  readonly rated: number;
  /** Outcomes that show which tier was better, and were not known to the present head. */
  readonly telling: number;
  /** Conversations and prompts that those are of, as far as nothing ties them together. */
  readonly groups: number;
}

/** With fewer, intervals of a bootstrap are too short. */
export const fewestTelling = 100;
export const fewestGroups = 20;

/**
 * Fits a head to all outcomes, and measures the same recipe on outcomes that were held out of it.
 * @throws RangeError without outcomes
 */
export function learnHead(input: LearnInput): LearnedHead {
  const { outcomes, present } = input;
  const random = seededRandom(input.seed);
  const basis = createEmbeddingBasis(
    outcomes.map(({ embedding }) => embedding),
    basisSize,
  );
  const fitted = fitLocalHead(outcomes, { basis });
  const isTelling = (outcome: LearnedFrom): boolean =>
    outcome.isNewToPresent && observedGain(outcome, 0.5, 0.5) !== null;
  const groups = groupOutcomes(outcomes);
  const counts = {
    outcomes: outcomes.length,
    compared: outcomes.filter(({ strongWin }) => strongWin !== null).length,
    rated: outcomes.filter(({ rating }) => rating !== null).length,
    telling: outcomes.filter(isTelling).length,
    groups: new Set(groups.filter((_, i) => isTelling(outcomes[i]!))).size,
  };
  if (counts.telling < fewestTelling || counts.groups < fewestGroups) {
    return { fitted, counts, comparison: null };
  }
  const heldOut = scoreHeldOut(outcomes, groups, basis, random);
  const telling = outcomes.flatMap((outcome, i) => {
    if (!isTelling(outcome)) return [];
    const observed = observedGain(outcome, heldOut.scores[i]!, heldOut.ratings[i]!);
    return observed === null ? [] : [{ ...outcome, ...observed, i }];
  });
  const shipped = telling.map(({ winRate }) => winRate);
  const scores = new Map<string, readonly number[]>([
    [newHead, telling.map(({ i }) => heldOut.scores[i]!)],
    [
      presentHead,
      present === null
        ? shipped
        : telling.map(({ winRate, embedding }) => correctedWinRate(present, winRate, embedding)),
    ],
    ...(present === null ? [] : [['shipped head', shipped] as const]),
    ['prompt length', telling.map(({ promptChars }) => promptChars)],
  ]);
  const comparison = compareHeads(
    {
      gains: telling.map(({ gain }) => gain),
      kinds: telling.map(({ kind }) => kind),
      groups: telling.map(({ i }) => groups[i]!),
      scores,
      strongShare: input.strongShare,
    },
    random,
    input.resamples,
  );
  return { fitted, counts, comparison };
}
