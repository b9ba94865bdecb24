import { scaleLinear, type ScaleLinear } from 'd3-scale';
import { element, type Child, type Markup } from './markup.ts';

/** A plot of two linear axes at a place in a picture. */
export interface Frame {
  readonly x: ScaleLinear<number, number>;
  readonly y: ScaleLinear<number, number>;
}

export interface FrameOptions {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly subtitle: string;
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly xLabel: string;
  readonly yLabel: string;
}

/** Room for title, labels and ticks around the plot. */
const margin = { left: 46, right: 12, top: 44, bottom: 38 };

export function createFrame(options: FrameOptions): Frame {
  const { left, top, width, height } = options;
  const bottom = top + height - margin.bottom;
  return {
    x: scaleLinear(options.xDomain, [left + margin.left, left + width - margin.right]),
    y: scaleLinear(options.yDomain, [bottom, top + margin.top]),
  };
}

/** Title, grid, ticks and axis labels. */
export function frameMarkup(frame: Frame, options: FrameOptions): Markup {
  const { left, top, height, title, subtitle, xLabel, yLabel } = options;
  const [x0, x1] = frame.x.range() as [number, number];
  const [y0, y1] = frame.y.range() as [number, number];
  const text = (x: number, y: number, anchor: string, words: string, style = 'pm-small') =>
    element(
      'text',
      { x: round(x), y: round(y), 'text-anchor': anchor, class: `pm-ink ${style}` },
      words,
    );
  const line = (a: [number, number], b: [number, number], style: string) =>
    element('line', {
      x1: round(a[0]),
      y1: round(a[1]),
      x2: round(b[0]),
      y2: round(b[1]),
      class: style,
    });
  const rows = frame.y
    .ticks(5)
    .map((tick): Child => [
      line([x0, frame.y(tick)], [x1, frame.y(tick)], 'pm-grid'),
      text(x0 - 6, frame.y(tick) + 4, 'end', String(tick)),
    ]);
  const columns = frame.x
    .ticks(5)
    .map((tick) => text(frame.x(tick), y0 + 15, 'middle', String(tick)));
  const middle = (y0 + y1) / 2;
  return element(
    'g',
    {},
    text(left + 8, top + 16, 'start', title, 'pm-title'),
    text(left + 8, top + 31, 'start', subtitle),
    ...rows,
    ...columns,
    line([x0, y0], [x1, y0], 'pm-axis'),
    text((x0 + x1) / 2, top + height - 6, 'middle', xLabel),
    element(
      'text',
      {
        transform: `translate(${round(left + 12)} ${round(middle)}) rotate(-90)`,
        'text-anchor': 'middle',
        class: 'pm-ink pm-small',
      },
      yLabel,
    ),
  );
}

/** Hundredths of a pixel are enough. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Nine digits: the last bits of a sum may differ from machine to machine, a picture should not. */
export function nineDigits(value: number): number {
  return Number(value.toPrecision(9));
}
