import { fewestGroups, fewestTelling, type LearnedHead } from '../learning/learn-head.ts';
import type { PercentileEstimate } from '../training/question-bootstrap.ts';
import type { HeadReport } from '../store/head-report.ts';
import type { LoggedPair, MovedThreshold } from './logged-pair.ts';
import { textTable } from './text-table.ts';

type Pair = readonly [number, number] | null;

export function headReport(
  { router, baseVersion, threshold }: LoggedPair,
  { counts, comparison, fitted }: LearnedHead,
  made: {
    readonly headVersion: string;
    readonly presentVersion: string;
    readonly moved: MovedThreshold;
    readonly seed: number;
  },
): HeadReport {
  const area = comparison?.areaGain;
  return {
    router,
    base_version: baseVersion,
    present_version: made.presentVersion,
    head_version: made.headVersion,
    ...counts,
    contenders: (comparison?.contenders ?? []).map(({ name, apgr, strongShare, recovered }) => ({
      name,
      apgr: rounded(apgr.value),
      apgr_interval_95: roundedPair(apgr.interval95),
      strong_share: strongShare,
      gap_recovered: rounded(recovered.value),
      gap_recovered_interval_95: roundedPair(recovered.interval95),
    })),
    gap: rounded(comparison?.gap.value ?? null),
    apgr_gain: rounded(comparison?.apgrGain.value ?? null),
    apgr_gain_interval_95: roundedPair(comparison?.apgrGain.interval95 ?? null),
    quality_gain: rounded(area?.value ?? null),
    quality_gain_interval_95: roundedPair(area?.interval95 ?? null),
    is_better: comparison?.isBetter ?? false,
    outcomes_needed: comparison === null ? neededOf(counts) : comparison.outcomesNeeded,
    freedom: fitted.freedom,
    shipped_probability: fitted.shippedProbability,
    strong_share: made.moved.strongShare,
    present_threshold: threshold,
    threshold: made.moved.threshold,
    seed: made.seed,
  };
}

export interface HeadApplied {
  readonly isApplied: boolean;
  /** Null when it is not applied. */
  readonly isTakenUp: boolean | null;
  readonly waitMs: number;
}

export function trainLogText(report: HeadReport, applied: HeadApplied): string {
  const { router, present_version: present, outcomes, compared, rated, telling } = report;
  const lines = [
    `Router ${router}, version ${present}: ${outcomes} outcomes (${compared} compared, ${rated} rated), ` +
      `of which ${telling} can show which model was better`,
  ];
  if (report.contenders.length > 0) lines.push('', ...tableOf(report), '', gainOf(report));
  lines.push(verdictOf(report, applied));
  return `${lines.join('\n')}\n`;
}

function tableOf({ contenders }: HeadReport): string[] {
  const rows = [
    [
      'held-out outcomes',
      'APGR',
      '95 % interval',
      'strong calls',
      'gap recovered',
      '95 % interval',
    ],
    ...contenders.map((one) => [
      one.name,
      shown(one.apgr),
      shownPair(one.apgr_interval_95),
      `${(100 * one.strong_share).toFixed(1)} %`,
      shown(one.gap_recovered),
      shownPair(one.gap_recovered_interval_95),
    ]),
  ];
  return textTable(rows, (column) => column === 0);
}

function gainOf(report: HeadReport): string {
  const { quality_gain: gain, quality_gain_interval_95: interval, apgr_gain: apgr } = report;
  const inApgr =
    apgr === null
      ? 'strong is no better than weak on the whole, so there is no APGR'
      : `APGR ${signed(apgr)}, ${shownPair(report.apgr_gain_interval_95, signed)}`;
  return (
    `New less present: quality ${signed(gain ?? 0)} on average over all shares of strong calls\n` +
    `  (95 % interval ${shownPair(interval, signed)}; ${inApgr})`
  );
}

function verdictOf(report: HeadReport, { isApplied, isTakenUp, waitMs }: HeadApplied): string {
  if (report.contenders.length === 0) return tooFewText(report);
  if (!report.is_better) {
    return (
      'Not better beyond noise: the present head stays. To show a gain of this size, or of 0.02 APGR, ' +
      `about\n${report.outcomes_needed} such outcomes are needed.`
    );
  }
  if (!isApplied)
    return 'Better beyond noise. Nothing is changed yet: --apply makes the server use it.';
  const { threshold, strong_share: share, present_threshold: before } = report;
  const moved =
    `Its scores are new: the threshold goes from ${before === null ? 'the default' : before.toFixed(5)} to ` +
    `${threshold.toFixed(5)}, which keeps ${(100 * share).toFixed(1)} % strong calls\n` +
    'on the logged traffic. `pointsman models rollback` goes back.';
  return isTakenUp === true
    ? `Applied as version ${report.head_version}: the running server uses it now.\n${moved}`
    : `Stored as version ${report.head_version}; no running server took it up within ` +
        `${waitMs / 1000} s, the next start on this database uses it.\n${moved}`;
}

/** Null where more of the same conversations would not help. */
function neededOf({ telling }: LearnedHead['counts']): number | null {
  return telling < fewestTelling ? fewestTelling : null;
}

function tooFewText({ telling, groups, rated, compared }: HeadReport): string {
  if (telling >= fewestTelling) {
    return (
      `Too few to tell whether a new head is better: its ${telling} outcomes fall into ` +
      `${groups === 1 ? 'one group' : `${groups} groups`} of conversations\nwith a prompt in common; at least ` +
      `${fewestGroups} are needed. The present head stays.`
    );
  }
  const more = fewestTelling - telling;
  const why =
    rated > 0 && telling < rated + compared
      ? '\nA rating shows which model was better only where the other one could have been chosen, too: ' +
        'let a share\nof requests explore (`exploration`), or compare answers with `pointsman label`. ' +
        'Outcomes from before the\npresent head cannot judge it.'
      : '';
  return (
    `Too few to tell whether a new head is better: at least ${fewestTelling} such outcomes are needed, ` +
    `${more} more. The present head stays.${why}`
  );
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 1e5) / 1e5;
}

function roundedPair(pair: PercentileEstimate['interval95']): Pair {
  return pair && [rounded(pair[0])!, rounded(pair[1])!];
}

function shown(value: number | null): string {
  return value === null ? '-' : value.toFixed(3);
}

function signed(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(4)}`;
}

function shownPair(pair: Pair, text: (value: number) => string = shown): string {
  return pair === null ? '-' : `${text(pair[0])} to ${text(pair[1])}`;
}
