import type { Evaluation, PairEvaluation, Table, TableRow } from './evaluation.ts';
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
import { element, raw, type Child, type Markup } from './markup.ts';
import { curvesPicture } from './picture.ts';
import { reliabilityPicture } from './reliability-picture.ts';

const style = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
th:first-child,td:first-child{text-align:left}
tr.router td{font-weight:600}
svg{max-width:100%;height:auto}.table{overflow-x:auto}.note{opacity:.75}
`;

/** One file without outside parts, readable in light and dark. */
export function htmlReport(evaluation: Evaluation): string {
  const { data, topicsFrom, resamples, pairs, calibration } = evaluation;
  const title = `Evaluation on ${data.name}`;
  const page = element(
    'html',
    { lang: 'en' },
    element(
      'head',
      {},
      element('meta', { charset: 'utf-8' }),
      element('meta', { name: 'viewport', content: 'width=device-width' }),
      element('title', {}, title),
      element('style', {}, raw(style)),
    ),
    element(
      'body',
      {},
      element('h1', {}, title),
      element('p', {}, `${data.prompts} prompts, ${resamples} resamples. ${definitions}`),
      element('p', {}, `Floors by source and topic learned on ${topicsFrom}.`),
      ...(pairs.length > 1 ? summary(evaluation) : []),
      ...pairs.flatMap((pair) => pairSection(pair, evaluation)),
      ...(calibration.length > 0
        ? [element('h2', {}, 'Calibration'), reliabilityPicture(calibration)]
        : []),
    ),
  );
  return `<!doctype html>\n${page.markup}\n`;
}

function summary({ means, pairs }: Evaluation): Child[] {
  const head = element('tr', {}, ...['', 'mean APGR'].map((name) => element('th', {}, name)));
  const rows = means.map(({ name, apgr }) =>
    element('tr', {}, element('td', {}, name), number(apgr, apgrText)),
  );
  return [
    element('h2', {}, `Mean of the pooled APGR over ${pairs.length} pairs`),
    element('table', { 'data-table': 'means' }, head, ...rows),
  ];
}

function pairSection(pair: PairEvaluation, evaluation: Evaluation): Child[] {
  const { routers } = evaluation;
  const priced = hasPrices(evaluation);
  const [pooled, ...others] = tablesOf(pair).map((table) => tableSection(table, pair, priced));
  return [
    element('h2', {}, pairTitle(pair)),
    ...pair.notes.map((note) => element('p', { class: 'note' }, note)),
    curvesPicture([{ pair, table: pair.pooled }], routers),
    pooled ?? [],
    ...(others.length > 0
      ? [element('details', {}, element('summary', {}, 'each source'), ...others)]
      : []),
  ];
}

function tableSection(table: Table, pair: PairEvaluation, priced: boolean): Child {
  const warning = gapWarning(table);
  const costHead = priced ? ['$/1k at CPT50', 'saved %', '$/1k at CPT80', 'saved %'] : [];
  const names = ['', 'APGR', '95 %', 'CPT20', 'CPT50', 'CPT80', 'AUC', ...costHead];
  const head = element('tr', {}, ...names.map((name) => element('th', { scope: 'col' }, name)));
  const differences = shownDifferences(table).map(({ router, floor, apgr }) =>
    element('li', {}, `${router} minus ${floor}: ${estimateText(apgr, signedText)}`),
  );
  const calibration = table.calibration.map(({ router, error, errorByChance }) =>
    element(
      'li',
      {},
      `expected calibration error of ${router}: ${estimateText(error)}, by chance ${apgrText(errorByChance)}`,
    ),
  );
  return [
    element('h3', {}, tableTitle(table, pair)),
    element('p', {}, qualityText(table)),
    ...(warning === null ? [] : [element('p', { class: 'note' }, warning)]),
    element(
      'div',
      { class: 'table' },
      element(
        'table',
        { 'data-table': table.source },
        head,
        ...table.rows.map((row) => tableRow(row, priced)),
      ),
    ),
    element('ul', {}, ...differences, ...calibration),
  ];
}

function tableRow(row: TableRow, priced: boolean): Markup {
  const isBound = row.kind === 'bound';
  const calls = isBound
    ? ['', '', ''].map((text) => element('td', {}, text))
    : row.calls.map(({ share }) => number(share.value, percentText));
  const costs = isBound
    ? [number(row.usdPer1000, usdText), ...['', '', ''].map((text) => element('td', {}, text))]
    : row.calls
        .slice(1)
        .flatMap(({ usdPer1000, saving }) => [
          number(usdPer1000, usdText),
          number(saving, percentText),
        ]);
  return element(
    'tr',
    { class: row.kind, 'data-name': row.name },
    element('td', {}, rowTitle(row)),
    number(row.apgr?.value ?? null, apgrText),
    element('td', {}, row.apgr === null ? '' : intervalText(row.apgr)),
    ...calls,
    number(row.area, percentText),
    ...(priced ? costs : []),
  );
}

/** The whole number beside the rounded one. */
function number(value: number | null, text: (value: number | null) => string): Markup {
  if (value === null) return element('td', {}, text(value));
  return element('td', {}, element('data', { value }, text(value)));
}
