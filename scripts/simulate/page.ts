import { markdownTable } from '../../src/evaluation/markdown-table.ts';
import type { ScenarioCoverage } from './coverage.ts';
import type { Period } from './deployment.ts';
import type { Learned } from './learning.ts';
import type { Behaviour } from './traffic.ts';

export interface SimulationResult {
  readonly pair: string;
  readonly prompts: number;
  readonly seed: { readonly coverage: number; readonly deployment: number };
  readonly target: number;
  readonly behaviour: Behaviour;
  readonly every: number;
  readonly periods: readonly Period[];
  readonly coverages: readonly ScenarioCoverage[];
  readonly learned: readonly Learned[];
  readonly pictures: { readonly deployment: string; readonly coverage: string };
}

const [begin, end] = ['<!-- simulation: begin', '<!-- simulation: end -->'];

/** @throws Error when the page has no place for it */
export function replaceSection(page: string, section: string): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`the page has no lines "${begin} …" and "${end}"`);
  const firstLine = page.slice(from, page.indexOf('\n', from) + 1);
  return `${page.slice(0, from)}${firstLine}\n${section.trim()}\n\n${page.slice(to)}`;
}

export function simulationSection(result: SimulationResult): string {
  const { behaviour, target, seed } = result;
  return `
\`npm run simulate\` replays ${result.prompts} prompts, each with the real outcomes of both models (${result.pair}),
drawn at random, scored by the shipped router. Users rate ${percent(behaviour.rated.strong)} of the strong and
${percent(behaviour.rated.weak)} of the weak answers (of hard prompts more, of easy ones fewer), ${percent(behaviour.noise)} of them
wrongly and ${behaviour.delay} requests late on average; both answers of ${percent(behaviour.compared)} of the requests are compared by a
judge that is as often wrong; exploration is ${behaviour.exploration}. Every figure is the same in every run.

### Over time

Every ${result.every} requests \`--target-quality ${target}\` is asked, and its threshold applied when it is not refused; before, the weights' own
holds. Means of ${seed.deployment} runs. In hindsight the best fixed threshold is the one with the fewest strong calls that keeps
${percent(target)} of the advantage on all requests of the run; exploration alone costs some of each column.

${deploymentTable(result.periods)}

![share, kept advantage and outcomes over time](${result.pictures.deployment})

### Do 95 % intervals hold the truth 95 % of the time?

${seed.coverage} logs for each row, each with its own draws of prompts, tiers, ratings and verdicts; "under" and "over" say on which side of the
interval the truth was. ${seed.coverage} runs show a true 95 % as 92 to 98 %. Wrong ratings pull every quality towards the
middle: the truth of a quality is what such users would say of all answers, while PGR has no such error.

${result.coverages.map(coverageText).join('\n\n')}

![how often the intervals held the truth](${result.pictures.coverage})

### Before and after \`train\`

APGR on prompts that neither the shipped router was trained on nor the new head has seen, before and after \`pointsman train\` on
compared prompts of the same traffic (${percent(behaviour.noise)} of the verdicts wrong); "served" swaps only the heads that \`train\` found better.

${learningTable(result.learned)}
`;
}

function deploymentTable(periods: readonly Period[]): string {
  const rows = periods.map((period) => [
    String(period.until),
    period.outcomes.toFixed(0),
    percent(period.refused),
    period.stillNeeded === null ? '–' : period.stillNeeded.toFixed(0),
    percent(period.share, 1),
    percent(period.bestShare, 1),
    percent(period.kept, 1),
    percent(period.bestKept, 1),
    signed(period.extraCalls, 0),
    `${signed(100 * period.lostAdvantage, 1)} %`,
  ]);
  const head = [
    ...['requests', 'outcomes known', 'refused', 'more needed'],
    ...['strong share', 'best share', 'kept', 'best keeps'],
    ...['regret: strong calls per 1000', 'regret: advantage lost'],
  ];
  return markdownTable(head, rows, 0);
}

function coverageText({ scenario, coverages, outcomes, goal }: ScenarioCoverage): string {
  const rows = coverages.map(({ figure, runs, below, held, above, halfWidth }) => [
    figure,
    String(runs),
    percent(below, 1),
    `**${percent(held, 1)}**`,
    percent(above, 1),
    figure.startsWith('cost') ? `$${halfWidth.toPrecision(2)}` : `±${percent(halfWidth, 1)}`,
  ]);
  const used = [
    ...(outcomes.explicit > 0 ? [`${outcomes.explicit} ratings`] : []),
    ...(outcomes.judged > 0 ? [`${outcomes.judged} comparisons`] : []),
  ].join(' and ');
  const chosen =
    goal.chosen === 0
      ? 'every log was refused'
      : `a threshold in ${goal.chosen} logs, ${goal.refused} refused. It truly keeps less in ` +
        `${percent(goal.missed, 1)} of them (promised: 2.5 % at most); that of the estimate alone would in ` +
        `${percent(goal.missedByEstimate, 1)}. It sends ${percent(goal.meanShare, 1)} to strong; ` +
        `${percent(goal.bestShare, 1)} would do`;
  return [
    `**${scenario.name}** (${scenario.requests} requests, ${used})`,
    '',
    markdownTable(['figure', 'logs', 'under', 'held', 'over', 'mean half width'], rows),
    '',
    `\`--target-quality ${goal.target}\`: ${chosen}.`,
  ].join('\n');
}

function learningTable(learned: readonly Learned[]): string {
  const rows = learned.map((one) => [
    one.name,
    String(one.outcomes),
    one.before.toFixed(3),
    one.after.toFixed(3),
    `${signed(one.after - one.before, 3)} ± ${one.spread.toFixed(3)}`,
    percent(one.swapped),
    one.served.toFixed(3),
  ]);
  const runs = learned[0]?.runs ?? 0;
  const head = [
    'traffic',
    'comparisons',
    'before',
    'after',
    'gain ± its spread',
    'swapped',
    'served',
  ];
  return `${markdownTable(head, rows)}\n\nMeans of ${runs} runs.`;
}

function percent(share: number, digits = 0): string {
  return `${(100 * share).toFixed(digits)} %`;
}

function signed(value: number, digits: number): string {
  const text = value.toFixed(digits);
  return Number(text) > 0 ? `+${text}` : text.replace('-', '−');
}
