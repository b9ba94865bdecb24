import { area, line } from 'd3-shape';
import type { Curve, CurvePoint } from '../calibration/curve.ts';
import type { Estimate } from '../calibration/interval.ts';
import { createFrame, frameMarkup, round, type Frame, type FrameOptions } from './chart-frame.ts';
import { element, type Child, type Markup } from './markup.ts';
import { legend, svgPicture } from './picture-page.ts';

const panel = { width: 400, height: 300 };

interface Panel {
  readonly title: string;
  readonly subtitle: string;
  readonly yLabel: string;
  readonly figureOf: (point: CurvePoint) => Estimate | null;
  /** In the unit of the axis. */
  readonly scale: number;
  readonly lines: readonly {
    readonly style: string;
    readonly name: string;
    readonly valueOf: (point: CurvePoint) => number | null;
  }[];
}

const router = 'pm-line pm-router pm-c0';
const lengthFloor = 'pm-line pm-dashed pm-length';
const chanceFloor = 'pm-line pm-dashed pm-random';

/**
 * What is kept of the advantage, and what 1000 requests cost, over the share of strong calls, with 95 %
 * bands and the floors; what is not known is left out.
 * @param chosen the threshold to mark
 */
export function calibrationPicture(found: Curve, chosen: number | null): string {
  const points = [...found.points].sort((a, b) => a.share - b.share);
  const panels = panelsOf(found);
  const width = panel.width * panels.length;
  const names = legend(
    [
      { name: 'router, 95 %', style: router },
      ...(panels.some(({ lines }) => lines.length > 0)
        ? [
            { name: 'longest prompts', style: lengthFloor },
            { name: 'chance', style: chanceFloor },
          ]
        : []),
    ],
    panel.height,
    width,
  );
  const drawn = panels.map((one, i) => panelMarkup(one, points, chosen, panel.width * i));
  return svgPicture(
    width,
    panel.height + names.height,
    'What a threshold keeps and costs',
    ...drawn,
    names.markup,
  ).markup;
}

function panelsOf({ quality, cost, sources, evidence }: Curve): Panel[] {
  const outcomes = sources.map(({ name, outcomes: count }) => `${count} ${name}`).join(', ');
  const kept: Panel = {
    title: "kept of the strong model's advantage",
    subtitle: `${outcomes} outcomes, ${evidence.requests} requests`,
    yLabel: 'PGR (%)',
    figureOf: ({ pgr }) => pgr,
    scale: 100,
    lines: [
      {
        name: 'length',
        style: lengthFloor,
        valueOf: ({ floors }) => floors.length?.pgr.value ?? null,
      },
      { name: 'chance', style: chanceFloor, valueOf: ({ floors }) => floors.random?.pgr ?? null },
    ],
  };
  const usd: Panel = {
    title: 'cost of 1000 requests',
    subtitle: `${evidence.requests} requests`,
    yLabel: 'US dollars',
    figureOf: ({ costPer1kUsd }) => costPer1kUsd,
    scale: 1,
    lines: [],
  };
  return [...(quality === null ? [] : [kept]), ...(cost === null ? [] : [usd])];
}

function panelMarkup(
  { title, subtitle, yLabel, figureOf, scale, lines }: Panel,
  points: readonly CurvePoint[],
  chosen: number | null,
  left: number,
): Markup {
  const known = points.flatMap((point) => {
    const figure = figureOf(point);
    return figure === null ? [] : [{ point, figure }];
  });
  const ends = known.flatMap(({ figure }) => [...figure.interval95]);
  const options: FrameOptions = {
    ...{ left, top: 0, ...panel, title, subtitle, yLabel },
    xDomain: [0, 100],
    // A band that is open at one end must not press the rest flat.
    yDomain: [
      scale * Math.max(Math.min(0, ...ends), -1),
      scale * (scale === 100 ? Math.min(2, Math.max(1, ...ends)) : Math.max(...ends)),
    ],
    xLabel: 'share of strong calls (%)',
  };
  const frame = createFrame(options);
  const yOf = (value: number): number => {
    const [low, high] = frame.y.domain() as [number, number];
    return frame.y(Math.min(high, Math.max(low, scale * value)));
  };
  type Known = (typeof known)[number];
  const xOf = ({ point }: Known): number => frame.x(100 * point.share);
  const band = area<Known>(
    xOf,
    ({ figure }) => yOf(figure.interval95[0]),
    ({ figure }) => yOf(figure.interval95[1]),
  ).digits(2);
  const path = line<Known>(xOf, ({ figure }) => yOf(figure.value)).digits(2);
  return element(
    'g',
    { 'data-panel': yLabel },
    frameMarkup(frame, options),
    ...lines.map(({ name, style, valueOf }) =>
      floorMarkup(name, style, points, valueOf, frame, yOf),
    ),
    element(
      'g',
      { class: 'pm-c0', 'data-name': 'router' },
      element('path', { d: band(known) ?? '', class: 'pm-band' }),
      element('path', { d: path(known) ?? '', class: router }),
      ...known
        .filter(({ point }) => point.threshold === chosen)
        .map((one) => chosenMark(one.point, xOf(one), yOf(one.figure.value))),
    ),
  );
}

function floorMarkup(
  name: string,
  style: string,
  points: readonly CurvePoint[],
  valueOf: (point: CurvePoint) => number | null,
  frame: Frame,
  yOf: (value: number) => number,
): Child {
  const known = points.filter((point) => valueOf(point) !== null);
  const path = line<CurvePoint>(
    ({ share }) => frame.x(100 * share),
    (point) => yOf(valueOf(point)!),
  ).digits(2);
  return element('path', { d: path(known) ?? '', class: style, 'data-name': name });
}

function chosenMark({ threshold, share }: CurvePoint, x: number, y: number): Markup {
  return element(
    'circle',
    { cx: round(x), cy: round(y), r: 5, class: 'pm-dot', 'data-threshold': threshold },
    element('title', {}, `threshold ${threshold}: ${(100 * share).toFixed(1)} % strong calls`),
  );
}
