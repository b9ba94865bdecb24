import { costNanoUsd } from '../upstream/cost.ts';
import type { Deployment } from '../upstream/deployment.ts';
import { estimateTokens } from '../upstream/token-estimate.ts';

/** The models of a comparison. */
export interface ComparedModels {
  readonly strong: Deployment;
  readonly weak: Deployment;
  readonly judge: Deployment;
}

/** Length of a usual answer of each tier. */
export interface TierTokens {
  readonly strong: number;
  readonly weak: number;
}

/** Instructions, and marks around what is judged. */
const judgePromptTokens = 300;
/** Reasons in a few sentences; a model that thinks at length takes more. */
const judgeAnswerTokens = 200;

/**
 * What a comparison is likely to cost, in 1e-9 US dollars: the answers and two judgements. A model
 * without a price counts as free; whether that is right is for the caller to know.
 *
 * @param asked the tiers that are still to answer
 */
export function estimateComparison(
  { strong, weak, judge }: ComparedModels,
  promptChars: number,
  answerTokens: TierTokens,
  asked: readonly ('strong' | 'weak')[] = ['strong', 'weak'],
): number {
  const prompt = estimateTokens(promptChars);
  const judged = prompt + answerTokens.strong + answerTokens.weak + judgePromptTokens;
  const calls = [
    ...asked.map((tier) => {
      const tokens = { promptTokens: prompt, completionTokens: answerTokens[tier] };
      return costNanoUsd({ strong, weak }[tier].price, tokens);
    }),
    ...[1, 2].map(() =>
      costNanoUsd(judge.price, { promptTokens: judged, completionTokens: judgeAnswerTokens }),
    ),
  ];
  return calls.reduce<number>((sum, cost) => sum + (cost ?? 0), 0);
}
