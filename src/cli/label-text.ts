import type { LabelOutcome } from '../judging/label-prompts.ts';
import type { TierTokens } from '../judging/estimate-cost.ts';

/** What `label` is about to do. */
export interface LabelPlan {
  readonly strongModel: string;
  readonly weakModel: string;
  readonly judgeModel: string;
  /** Different logged prompts, and those that are compared already. */
  readonly prompts: number;
  readonly compared: number;
  /** To be compared now. */
  readonly chosen: number;
  readonly answerTokens: TierTokens;
  /** Models that may cost something and have no price. */
  readonly unpriced: readonly string[];
  /** 1e-9 US dollars; null when a price is missing. */
  readonly estimatedNanoUsd: number | null;
  readonly budgetNanoUsd: number | null;
}

export type LabelResult = LabelOutcome & { readonly spentNanoUsd: number };

export function planText(plan: LabelPlan): string {
  const { strongModel, weakModel, judgeModel, prompts, compared, chosen } = plan;
  if (chosen === 0) return `All ${prompts} logged prompts are compared by ${judgeModel} already.\n`;
  const before = compared === 0 ? '' : `, ${compared} are compared already`;
  return (
    `${strongModel} against ${weakModel}, judged by ${judgeModel}, on ${chosen} of ${prompts} ` +
    `logged prompts${before}.\n${costText(plan)}\n`
  );
}

function costText({ estimatedNanoUsd, unpriced, budgetNanoUsd, answerTokens }: LabelPlan): string {
  const calls = 'two answers and two judgements a prompt';
  if (estimatedNanoUsd === null) {
    return `Cost: not known, without a price for ${unpriced.join(', ')} (${calls}).`;
  }
  if (estimatedNanoUsd === 0) return `Cost: none, by local models or prices of 0 (${calls}).`;
  const lengths = `${Math.round(answerTokens.strong)} and ${Math.round(answerTokens.weak)}`;
  const budget = budgetNanoUsd === null ? '' : `; it stops before ${usd(budgetNanoUsd)}`;
  return `Cost: about ${usd(estimatedNanoUsd)} (${calls}, answers of ${lengths} tokens)${budget}.`;
}

export function labelText(plan: LabelPlan, result: LabelResult): string {
  const { comparisons, unreadable, failed, lastFailure, spentNanoUsd } = result;
  const { strongBetter, ties, weakBetter, meanStrongWin } = tally(result);
  const lines = [
    `${comparisons.length} compared: strong better ${strongBetter}, tie ${ties}, weak better ${weakBetter}` +
      (meanStrongWin === null ? '' : `; strong wins ${meanStrongWin.toFixed(3)} on average`),
    ...(unreadable > 0 ? [`${unreadable} left out: the judge gave no verdict`] : []),
    ...(failed > 0 ? [`${failed} failed, the last one: ${lastFailure}`] : []),
    `cost: ${plan.estimatedNanoUsd === null ? 'not known' : usd(spentNanoUsd)}`,
    ...stopText(result),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function stopText({ stopped }: LabelResult): string[] {
  const goOn = 'what is compared is stored; run it again to go on';
  const why = {
    done: null,
    budget: `stopped by --budget: ${goOn}`,
    interrupted: `interrupted: ${goOn}`,
    failures: `gave up after too many failures: ${goOn}`,
    unreadable: 'gave up: the judge never says which answer is better; name another model',
  }[stopped];
  return why === null ? [] : [why];
}

/** @param result null for a plan that is not carried out */
export function labelJson(plan: LabelPlan, result: LabelResult | null): string {
  const fields = {
    strong_model: plan.strongModel,
    weak_model: plan.weakModel,
    judge_model: plan.judgeModel,
    prompts: plan.prompts,
    compared_before: plan.compared,
    chosen: plan.chosen,
    estimated_cost_usd: plan.estimatedNanoUsd === null ? null : plan.estimatedNanoUsd / 1e9,
    ...(result === null ? { stopped: 'not_started' } : resultFields(plan, result)),
  };
  return `${JSON.stringify(fields)}\n`;
}

function resultFields(plan: LabelPlan, result: LabelResult) {
  const { strongBetter, ties, weakBetter, meanStrongWin } = tally(result);
  return {
    compared: result.comparisons.length,
    strong_better: strongBetter,
    ties,
    weak_better: weakBetter,
    mean_strong_win: meanStrongWin,
    unreadable: result.unreadable,
    failed: result.failed,
    last_failure: result.lastFailure,
    cost_usd: plan.estimatedNanoUsd === null ? null : result.spentNanoUsd / 1e9,
    stopped: result.stopped,
  };
}

function tally({ comparisons }: LabelResult) {
  const wins = comparisons.map(({ strongWin }) => strongWin);
  const sum = wins.reduce((total, win) => total + win, 0);
  return {
    strongBetter: wins.filter((win) => win > 0.5).length,
    ties: wins.filter((win) => win === 0.5).length,
    weakBetter: wins.filter((win) => win < 0.5).length,
    meanStrongWin: wins.length === 0 ? null : sum / wins.length,
  };
}

function usd(nanoUsd: number): string {
  const dollars = nanoUsd / 1e9;
  return `$${dollars === 0 || dollars >= 0.1 ? dollars.toFixed(2) : dollars.toPrecision(2)}`;
}
