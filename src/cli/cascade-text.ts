import type {
  BoundEffect,
  CascadeEvidence,
  EvidenceKind,
  KindEvidence,
  Times,
} from '../calibration/cascade-evidence.ts';
import type { Estimate } from '../calibration/interval.ts';
import { dollars } from './curve-text.ts';
import { textTable } from './text-table.ts';

export interface CascadeOutput {
  readonly router: string;
  readonly routerVersion: string;
  readonly found: CascadeEvidence;
}

/** One JSON object and a line feed; figures are { value, interval_95 }. */
export function cascadeJson({ router, routerVersion, found }: CascadeOutput): string {
  const { requests, confident, escalated, brokeOff, kinds, present, bounds } = found;
  const { discarded, ttft } = found;
  const value = {
    ...{ router, router_version: routerVersion, requests, confident, escalated },
    broke_off: brokeOff,
    outcomes: kinds.map(kindJson),
    present_bound: boundJson(present),
    bounds: bounds.map(boundJson),
    discarded: { cost_nano_usd: discarded.costNanoUsd, without_price: discarded.withoutPrice },
    ttft_ms: ttft,
  };
  return `${JSON.stringify(value)}\n`;
}

function kindJson({ kind, outcomes, good, bad, askedAgain, found, needed }: KindEvidence) {
  return {
    ...{ kind, outcomes, good, bad, asked_again: askedAgain },
    auroc: found && {
      confidence: figureJson(found.confidence),
      score: figureJson(found.score),
      difference: figureJson(found.difference),
    },
    refused: needed === null ? null : { have: outcomes, needed },
  };
}

function figureJson({ value, interval95 }: Estimate) {
  return { value, interval_95: interval95 };
}

function boundJson({ bound, share, strongWin }: BoundEffect) {
  return { bound, escalated_share: share, strong_win: strongWin };
}

const kindWords: Readonly<Record<EvidenceKind, string>> = {
  judged: 'comparisons',
  explicit: 'rated answers, kept ones only',
  signals: 'answers that may show a signal, kept ones only',
};

export function cascadeText({ router, routerVersion, found }: CascadeOutput): string {
  const { requests, confident, escalated, brokeOff, kinds, present, bounds, discarded } = found;
  return [
    `${requests} requests of ${router} (version ${routerVersion}) were asked of the weak model first; ${escalated} ` +
      `(${percent(escalated / requests)}) were escalated` +
      (brokeOff > 0 ? `, ${brokeOff} of them since the weak answer broke off` : ''),
    '',
    'Does the confidence tell good weak answers from bad ones? AUROC, 0.5: no better than chance; 95% intervals',
    ...kinds.flatMap(kindLines),
    '  score: how well a low score tells the same answers apart, which is what is known without asking',
    '',
    `Bounds (cascade.min_confidence) on ${confident} confidences; strong won: points of the strong answer in comparisons`,
    ...boundLines(bounds, present),
    '',
    `Thrown away: ${escalated} weak answers${costText(discarded, requests)}`,
    ...timeLines(found),
    '',
  ].join('\n');
}

/** Why nothing could be measured. */
export function refusalText({ kinds }: CascadeEvidence): string {
  const parts = kinds.map(
    ({ kind, outcomes, needed }) => `${kind} ${outcomes} of ${needed} (${needed! - outcomes} more)`,
  );
  return (
    `too few outcomes to say what the confidence knows: ${parts.join(', ')}. "pointsman label" compares both ` +
    'models on logged prompts.'
  );
}

function kindLines({ kind, outcomes, good, bad, askedAgain, found, needed }: KindEvidence) {
  const counts = `${outcomes} ${kindWords[kind]} (${good} good, ${bad} bad)`;
  if (found === null) {
    return [
      `  ${kind.padEnd(8)}  too few: ${counts}; ${needed} needed, ${needed! - outcomes} more`,
    ];
  }
  const again =
    askedAgain > 0
      ? [`  ${' '.repeat(8)}  ${askedAgain} of another weak answer to the prompt`]
      : [];
  return [
    `  ${kind.padEnd(8)}  confidence ${areaText(found.confidence)}, score ${areaText(found.score)}, ` +
      `difference ${areaText(found.difference, true)}; ${counts}`,
    ...again,
  ];
}

function areaText({ value, interval95: [low, high] }: Estimate, isSigned = false): string {
  const text = (area: number): string => `${isSigned && area >= 0 ? '+' : ''}${area.toFixed(2)}`;
  return `${text(value)} (${text(low)} to ${text(high)})`;
}

function boundLines(bounds: readonly BoundEffect[], present: BoundEffect): string[] {
  const all = bounds.some(({ bound }) => bound === present.bound) ? bounds : [...bounds, present];
  const rows = [...all]
    .sort((a, b) => a.bound - b.bound)
    .map(({ bound, share, strongWin }) => [
      `${bound === present.bound ? '*' : ''}${bound.toFixed(3)}`,
      percent(share),
      strongWin.below === null ? '-' : percent(strongWin.below),
      strongWin.above === null ? '-' : percent(strongWin.above),
    ]);
  const table = [['bound', 'escalates', 'strong won below', 'strong won above'], ...rows];
  return [
    ...textTable(table).map((line) => `  ${line}`),
    '  * the bound asked about; feedback and signals know nothing of answers that were escalated',
  ];
}

function costText(
  { costNanoUsd, withoutPrice }: CascadeEvidence['discarded'],
  requests: number,
): string {
  if (costNanoUsd === null) return '; what they cost is not known (no prices)';
  const usd = costNanoUsd / 1e9;
  const unknown = withoutPrice > 0 ? `; ${withoutPrice} without a price` : '';
  return `, $${dollars(usd)} in all, $${dollars((1000 * usd) / requests)} per 1000 requests${unknown}`;
}

function timeLines({ ttft }: CascadeEvidence): string[] {
  const words = { stream: 'streams', whole: 'in one piece' } as const;
  return (['stream', 'whole'] as const).flatMap((way) => {
    const { kept, escalated, straight } = ttft[way];
    if (kept.answers + escalated.answers === 0) return [];
    const extra =
      escalated.p50 === null || straight.p50 === null
        ? ''
        : `; escalated less straight ${signedMs(escalated.p50 - straight.p50)} (medians, of other prompts)`;
    return [
      `First byte, ${words[way]}: kept ${timesText(kept)}; escalated ${timesText(escalated)}; ` +
        `straight to strong ${timesText(straight)}${extra}`,
    ];
  });
}

function timesText({ answers, p50, p95 }: Times): string {
  return p50 === null || p95 === null
    ? `too few (${answers})`
    : `${ms(p50)}, 95% within ${ms(p95)}`;
}

function signedMs(value: number): string {
  return `${value >= 0 ? '+' : ''}${ms(value)}`;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}
