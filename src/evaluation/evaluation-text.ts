import type { Calibration, Evaluation, PairEvaluation, Table, TableRow } from './evaluation.ts';
import {
  apgrText,
  definitions,
  estimateText,
  gapWarning,
  hasPrices,
  intervalText,
  pairTitle,
  percentText,
  qualityText,
  rowTitle,
  shownDifferences,
  signedText,
  tablesOf,
  tableTitle,
  usdText,
} from './format.ts';

/** What `pointsman evaluate` prints. */
export function evaluationText(evaluation: Evaluation): string {
  const priced = hasPrices(evaluation);
  const { data, topicsFrom, resamples, pairs } = evaluation;
  return [
    `${data.name}: ${data.prompts} prompts; ${resamples} resamples of questions`,
    `floors by source and topic learned on ${topicsFrom}`,
    definitions,
    ...pairs.flatMap((pair) => ['', ...pairLines(pair, priced)]),
    ...(pairs.length > 1 ? ['', ...summaryLines(evaluation)] : []),
    '',
  ].join('\n');
}

function pairLines(pair: PairEvaluation, priced: boolean): string[] {
  return [
    `== ${pairTitle(pair)}`,
    ...pair.notes.map((note) => `note: ${note}`),
    ...tablesOf(pair).flatMap((table) => ['', ...tableLines(table, pair, priced)]),
  ];
}

function tableLines(table: Table, pair: PairEvaluation, priced: boolean): string[] {
  const warning = gapWarning(table);
  const costHead = priced ? ['$/1k@CPT50', 'saved %', '$/1k@CPT80', 'saved %'] : [];
  const head = ['', 'APGR', '95 %', 'CPT20', 'CPT50', 'CPT80', 'AUC', ...costHead];
  return [
    tableTitle(table, pair),
    `  ${qualityText(table)}`,
    ...(warning === null ? [] : [`  ${warning}`]),
    alignedLine(head),
    ...table.rows.map((row) => alignedLine(cellsOf(row, priced))),
    ...shownDifferences(table).map(
      ({ router, floor, apgr }) => `  ${router} minus ${floor}: ${estimateText(apgr, signedText)}`,
    ),
    ...table.calibration.map(calibrationLine),
  ];
}

function cellsOf(row: TableRow, priced: boolean): string[] {
  const costs = row.calls
    .slice(1)
    .flatMap(({ usdPer1000, saving }) => [usdText(usdPer1000), percentText(saving)]);
  return [
    rowTitle(row),
    apgrText(row.apgr?.value ?? null),
    row.apgr === null ? '' : intervalText(row.apgr),
    ...(row.kind === 'bound'
      ? ['', '', '']
      : row.calls.map(({ share }) => percentText(share.value))),
    percentText(row.area),
    ...(priced ? (row.kind === 'bound' ? [usdText(row.usdPer1000)] : costs) : []),
  ];
}

const widths = [18, 7, 16, 7, 7, 7, 7, 12, 9, 12, 9];

function alignedLine(cells: readonly string[]): string {
  const padded = cells.map((cell, i) =>
    i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!),
  );
  return `  ${padded.join('')}`.trimEnd();
}

function calibrationLine({ router, error, errorByChance }: Calibration): string {
  return (
    `  calibration of ${router}: expected error ${estimateText(error)}, ` +
    `by chance ${apgrText(errorByChance)}`
  );
}

function summaryLines({ means, calibration, pairs }: Evaluation): string[] {
  return [
    `== mean of the pooled APGR over ${pairs.length} pairs`,
    ...means.map(({ name, apgr }) => `  ${name.padEnd(18)}${apgrText(apgr).padStart(5)}`),
    'all rows of all pairs:',
    ...calibration.map(calibrationLine),
  ];
}
