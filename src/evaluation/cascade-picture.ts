import { area, line } from 'd3-shape';
import type { PercentileEstimate } from '../training/question-bootstrap.ts';
import { createFrame, frameMarkup, type FrameOptions } from './chart-frame.ts';
import { cascades, measures, type CascadeComparison, type Measures } from './compare-cascade.ts';
import { element, type Markup } from './markup.ts';
import { legend, svgPicture } from './picture-page.ts';

const panel = { width: 400, height: 300 };

const titles: Measures<string> = {
  at30: 'at 30 % strong calls',
  at50: 'at 50 % strong calls',
  apgr: 'over all shares (APGR)',
};
const chance: Measures<number> = { at30: 0.3, at50: 0.5, apgr: 0.5 };
const styles = { alone: 'pm-c1', afterScore: 'pm-c2' } as const;

/** The gap recovered over the assumed AUROC, means over the pairs, with prompt-only routing as a line; 95 % bands. */
export function cascadePicture(comparison: CascadeComparison): string {
  const width = panel.width * measures.length;
  const names = legend(
    [
      { name: `${comparison.router}, prompt only`, style: 'pm-line pm-router pm-c0' },
      { name: 'cascade alone', style: `pm-line pm-router ${styles.alone}` },
      { name: 'after the score', style: `pm-line pm-router ${styles.afterScore}` },
      { name: 'chance', style: 'pm-line pm-dashed pm-random' },
    ],
    panel.height,
    width,
  );
  return svgPicture(
    width,
    panel.height + names.height,
    'Gap recovered by a cascade over how much its confidence knows',
    ...measures.map((measure, i) => panelMarkup(comparison, measure, panel.width * i)),
    names.markup,
  ).markup;
}

interface Point {
  readonly x: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

function panelMarkup(
  { byAuroc, promptOnly, pairs }: CascadeComparison,
  measure: keyof Measures<unknown>,
  left: number,
): Markup {
  const shown = byAuroc.filter(({ auroc }) => auroc >= 0.5);
  const pointOf = (
    x: number,
    { value, interval95 }: Measures<PercentileEstimate>[typeof measure],
  ): Point[] =>
    value === null || interval95 === null
      ? []
      : [{ x, value: 100 * value, low: 100 * interval95[0], high: 100 * interval95[1] }];
  const level = [0.5, 1].flatMap((x) => pointOf(x, promptOnly[measure]));
  const curves = cascades.map((cascade) => ({
    cascade,
    points: shown.flatMap(({ auroc, cascades: of }) => pointOf(auroc, of[cascade][measure])),
  }));
  const all = [...level, ...curves.flatMap(({ points }) => points)];
  const options: FrameOptions = {
    ...{ left, top: 0, ...panel },
    title: titles[measure],
    subtitle: `mean of ${pairs.length} pairs, dev`,
    xDomain: [0.5, 1],
    yDomain: [
      Math.min(100 * chance[measure], ...all.map(({ low }) => low)),
      Math.max(...all.map(({ high }) => high)),
    ],
    xLabel: 'assumed AUROC of the confidence',
    yLabel: 'gap recovered (%)',
  };
  const frame = createFrame(options);
  const path = line<Point>(
    ({ x }) => frame.x(x),
    ({ value }) => frame.y(value),
  ).digits(2);
  const band = area<Point>(
    ({ x }) => frame.x(x),
    ({ low }) => frame.y(low),
    ({ high }) => frame.y(high),
  ).digits(2);
  const drawn = (name: string, colour: string, points: readonly Point[]): Markup =>
    element(
      'g',
      { 'data-name': name, class: colour },
      element('path', { d: band([...points]) ?? '', class: 'pm-band' }),
      element('path', { d: path([...points]) ?? '', class: `pm-line pm-router ${colour}` }),
    );
  const byChance = [0.5, 1].map((x) => ({ x, value: 100 * chance[measure], low: 0, high: 0 }));
  return element(
    'g',
    { 'data-panel': measure },
    frameMarkup(frame, options),
    element('path', {
      d: path(byChance) ?? '',
      class: 'pm-line pm-dashed pm-random',
      'data-name': 'chance',
    }),
    drawn('prompt-only', 'pm-c0', level),
    ...curves.map(({ cascade, points }) => drawn(cascade, styles[cascade], points)),
  );
}
