import type { CurvePoint } from '../calibration/curve.ts';
import { outcomesOf, type GoalResult } from '../calibration/goals.ts';
import type { CalibrationGoal, CurveFlags } from './calibrate-options.ts';
import { takeUpText } from './calibration-text.ts';
import { curveJson, pointJson } from './curve-json.ts';
import { curveText, dollars, percentText, usdText } from './curve-text.ts';
import type { ScoreSet } from './score-set.ts';

/** What `calibrate` found for a goal of quality or cost, and did. */
export interface GoalOutput {
  readonly router: string;
  readonly goal: CalibrationGoal & { readonly kind: 'quality' | 'cost' };
  readonly flags: CurveFlags;
  readonly set: Pick<ScoreSet, 'origin' | 'routerVersion'>;
  readonly found: GoalResult;
  /** Null without --apply; else whether a running server uses the threshold now. */
  readonly isTakenUp: boolean | null;
  readonly waitMs: number;
}

/** Of a threshold that was found. */
export function goalText(output: GoalOutput): string {
  const { router, set, found } = output;
  const chosen = found.chosen!;
  return [
    `For ${wishText(output)} with ${router}, threshold = ${chosen.threshold.toFixed(5)}`,
    `  from ${set.origin}`,
    ...chosenLines(chosen).map((line) => `  ${line}`),
    ...estimateLines(output).map((line) => `  ${line}`),
    '',
    curveText(found.curve, chosen.threshold),
    takeUpText(output),
  ].join('\n');
}

function wishText({ goal }: GoalOutput): string {
  return goal.kind === 'quality'
    ? `at least ${percent(goal.target)} of the strong model's advantage`
    : `at most $${dollars(goal.maxUsd)} for 1000 requests`;
}

function chosenLines({ share, pgr, quality, costPer1kUsd, ...point }: CurvePoint): string[] {
  const lines = [`share of strong calls ${percent(share)}`];
  if (pgr !== null && quality !== null) {
    lines.push(`keeps ${percentText(pgr)} of the advantage; quality ${percentText(quality)}`);
    const { length, random } = point.floors;
    const floors = [
      random && `chance by ${percentText(random.gain, true)}`,
      length && `the longest prompts by ${percentText(length.gain, true)}`,
    ].filter((text) => text !== null);
    lines.push(`better at the same share than ${floors.join(', than ')}`);
  }
  if (costPer1kUsd !== null) {
    lines.push(
      `1000 requests cost ${usdText(costPer1kUsd)}: ` +
        `${usdText(point.savedAgainstStrongUsd!)} less than always strong, ` +
        `${usdText(point.extraAgainstWeakUsd!)} more than always weak`,
    );
  }
  return lines;
}

/** The chosen threshold keeps its whole interval on the right side; the estimate alone would go further. */
function estimateLines({ goal, found: { byEstimate, chosen } }: GoalOutput): string[] {
  if (byEstimate === null || byEstimate.threshold === chosen!.threshold) return [];
  const [side, way] =
    goal.kind === 'quality' ? ['at or above the goal', 'down'] : ['within the budget', 'up'];
  return [
    `chosen so that the whole interval is ${side}; the estimate alone would be ${way} to a share of ` +
      `${percent(byEstimate.share)} (threshold ${byEstimate.threshold.toFixed(5)})`,
  ];
}

/** Why there is no threshold, and what to do. */
export function refusalText({ found, flags, goal, set }: GoalOutput): string {
  const { reason, have, needed } = found.refusal!;
  const { evidence, quality } = found.curve;
  const more =
    needed === null ? '' : ` About ${needed} are needed, ${Math.max(0, needed - have)} more.`;
  const kinds = flags.outcomes === 'all' ? '' : ` (--outcomes ${flags.outcomes})`;
  const collect =
    'Outcomes come from POST /v1/router/feedback with an exploration share (exploration: 0.05), and ' +
    'from comparisons of both models.';
  switch (reason) {
    case 'no_outcomes':
      return `No outcomes${kinds} of ${set.origin}.${more} ${collect}`;
    case 'no_exploration':
      return (
        `Feedback on ${evidence.explicit.outcomes} answers${kinds}, but no chance decided who ` +
        'answered: it says nothing of what the other model would have done. Set exploration: 0.05 ' +
        '(--exploration), or compare both models.'
      );
    case 'unlike_propensities':
      return (
        'The tiers that answered do not fit their logged propensities: something besides score and ' +
        'chance had a say, such as a cascade, so that feedback cannot be weighted. Compare both models, ' +
        'or explore without the cascade.'
      );
    case 'too_few': {
      const { strong, weak } = evidence.explicit;
      return (
        `Too few outcomes${kinds}: feedback on ${strong} strong and ${weak} weak answers that ` +
        `exploration took part in, ${evidence.judged.outcomes} comparisons.${more} ${collect}`
      );
    }
    case 'no_advantage': {
      const { advantage } = quality!;
      const verdict =
        needed === null
          ? 'The weak model is the better one on these requests: there is no advantage to keep.'
          : `No advantage of the strong model is shown yet.${more}`;
      return `${verdict} It is ${percentText(advantage)} by ${have} outcomes; 95% interval.`;
    }
    case 'too_wide':
      return goal.kind === 'quality'
        ? `Too few outcomes${kinds}: ${have}, which leave more than ±${percent(flags.within)} of the ` +
            `advantage open (--within).${more}`
        : `Too few requests with a known cost: ${have}.${more}`;
    case 'no_costs':
      return (
        'Costs are not known: no request was logged with one. Set input_per_mtok and ' +
        'output_per_mtok of strong and weak in the file, and name it with --config.'
      );
    case 'few_costs':
      return fewCostsText(found.curve, needed!);
    case 'over_budget': {
      const { weakUsd } = found.curve.cost!;
      return `Always weak costs ${usdText(weakUsd)} for 1000 requests already, which is over the budget.`;
    }
  }
}

/** Without any cost of a tier, it was not asked or its price is not known. */
function fewCostsText({ costed }: GoalResult['curve'], needed: number): string {
  const tiers = ['strong', 'weak'] as const;
  const missing = tiers
    .filter((tier) => costed[tier] < needed)
    .map((tier) => `${needed - costed[tier]} more of ${tier}`);
  const unknown = tiers.find((tier) => costed[tier] === 0);
  const price =
    unknown === undefined
      ? ''
      : ` Where ${unknown} has no input_per_mtok and output_per_mtok in the file, set them, and ` +
        'name it with --config.';
  return (
    `Too few answers with a known cost: ${costed.strong} of strong and ${costed.weak} of weak. ` +
    `${needed} of each are needed, ${missing.join(' and ')}; exploration: 0.05 (--exploration) ` +
    `sends some to either tier.${price}`
  );
}

export function goalJson(output: GoalOutput): string {
  const { router, goal, flags, set, found, isTakenUp } = output;
  const { chosen, byEstimate, refusal } = found;
  const result = {
    router,
    router_version: set.routerVersion,
    goal: goal.kind,
    ...(goal.kind === 'quality'
      ? { target_quality: goal.target }
      : { max_cost_per_1k_usd: goal.maxUsd }),
    within: flags.within,
    threshold: chosen?.threshold ?? null,
    chosen: chosen && pointJson(chosen),
    by_estimate: byEstimate && pointJson(byEstimate),
    refused: refusal && { ...refusal, message: refusalText(output) },
    outcomes: outcomesOf(found.curve),
    applied: isTakenUp !== null,
    taken_up: isTakenUp,
    curve: curveJson(found.curve),
  };
  return `${JSON.stringify(result)}\n`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(1))}%`;
}
