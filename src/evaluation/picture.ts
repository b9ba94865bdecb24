import { area, line } from 'd3-shape';
import type { CurvePoint } from '../training/evaluate-metrics.ts';
import {
  createFrame,
  frameMarkup,
  nineDigits,
  round,
  type Frame,
  type FrameOptions,
} from './chart-frame.ts';
import { lineClass } from './chart-style.ts';
import type { BandPoint, Evaluation, PairEvaluation, Table, TableRow } from './evaluation.ts';
import { apgrText, pairTitle, percentText, rowTitle } from './format.ts';
import { element, type Child, type Markup } from './markup.ts';
import { legend, svgPicture } from './picture-page.ts';

const panel = { width: 400, height: 300 };

/** Call-performance curves of every pair's pooled rows, the routers with their 95 % bands. */
export function evaluationPicture(evaluation: Evaluation): string {
  const panels = evaluation.pairs.map((pair) => ({ pair, table: pair.pooled }));
  return curvesPicture(panels, evaluation.routers).markup;
}

export function curvesPicture(
  panels: readonly { readonly pair: PairEvaluation; readonly table: Table }[],
  routers: readonly string[],
): Markup {
  const columns = Math.min(2, panels.length);
  const width = panel.width * columns;
  const top = panel.height * Math.ceil(panels.length / columns);
  const rows = (panels[0]?.table.rows ?? []).filter(({ kind }) => kind !== 'bound');
  const names = legend(
    rows.map((row) => ({ name: rowTitle(row), style: lineClass(row, routers) })),
    top,
    width,
  );
  const drawn = panels.map(({ pair, table }, i) =>
    curvesPanel(pair, table, routers, {
      left: panel.width * (i % columns),
      top: panel.height * Math.floor(i / columns),
    }),
  );
  const title = 'Quality over the share of strong calls';
  return svgPicture(width, top + names.height, title, ...drawn, names.markup);
}

function curvesPanel(
  pair: PairEvaluation,
  table: Table,
  routers: readonly string[],
  at: { readonly left: number; readonly top: number },
): Markup {
  const qualities = table.rows.flatMap(({ kind, curve, band }) => [
    ...curve.map(({ quality }) => 100 * quality),
    ...(kind === 'router' ? band.flatMap(({ low, high }) => [100 * low, 100 * high]) : []),
  ]);
  const best = table.rows
    .filter(({ kind }) => kind === 'router')
    .map(({ name, apgr }) => `${name} ${apgrText(apgr?.value ?? null)}`);
  const options: FrameOptions = {
    ...at,
    ...panel,
    title: pairTitle(pair),
    subtitle: [`${table.source}, ${table.prompts} prompts`, ...best].join(' · '),
    xDomain: [0, 100],
    yDomain: [Math.min(...qualities), Math.max(...qualities)],
    xLabel: 'share of strong calls (%)',
    yLabel: 'quality (%)',
  };
  const frame = createFrame(options);
  const lines = table.rows
    .filter(({ kind }) => kind !== 'bound')
    .map((row) => curveOf(row, frame, routers));
  return element(
    'g',
    { 'data-table': table.source },
    frameMarkup(frame, options),
    ...lines.reverse(),
  );
}

function curveOf(row: TableRow, frame: Frame, routers: readonly string[]): Markup {
  const style = lineClass(row, routers);
  const path = line<CurvePoint>(
    ({ share }) => frame.x(100 * share),
    ({ quality }) => frame.y(100 * quality),
  ).digits(2);
  const band = area<BandPoint>(
    ({ share }) => frame.x(100 * share),
    ({ low }) => frame.y(100 * low),
    ({ high }) => frame.y(100 * high),
  ).digits(2);
  const isRouter = row.kind === 'router';
  const children: Child[] = [
    ...(isRouter ? [element('path', { d: band(row.band) ?? '', class: 'pm-band' })] : []),
    element('path', { d: path(row.curve) ?? '', class: style }),
    ...(isRouter ? row.curve.map((point) => dot(row, point, frame)) : []),
  ];
  return element('g', { 'data-name': row.name, class: colourOf(style) }, ...children);
}

function dot({ name }: TableRow, { share, quality }: CurvePoint, frame: Frame): Markup {
  const words = `${name}: ${percentText(share)} % strong calls, quality ${percentText(quality)}`;
  return element(
    'circle',
    {
      cx: round(frame.x(100 * share)),
      cy: round(frame.y(100 * quality)),
      r: 2.6,
      class: 'pm-dot',
      'data-share': nineDigits(share),
      'data-quality': nineDigits(quality),
    },
    element('title', {}, words),
  );
}

function colourOf(style: string): string {
  return style.split(' ').at(-1) ?? '';
}
