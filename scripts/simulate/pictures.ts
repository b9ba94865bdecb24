import { line } from 'd3-shape';
import {
  createFrame,
  frameMarkup,
  round,
  type FrameOptions,
} from '../../src/evaluation/chart-frame.ts';
import { element, type Markup } from '../../src/evaluation/markup.ts';
import { legend, svgPicture } from '../../src/evaluation/picture-page.ts';
import type { ScenarioCoverage } from './coverage.ts';
import type { Period } from './deployment.ts';

const panel = { width: 400, height: 300 };

interface Series {
  readonly name: string;
  readonly style: string;
  readonly valueOf: (period: Period) => number;
}

/** Strong share and kept advantage over time, beside those of the best threshold in hindsight. */
export function deploymentPicture(periods: readonly Period[], target: number): string {
  const shares: Series[] = [
    { name: 'served', style: 'pm-line pm-router pm-c0', valueOf: ({ share }) => 100 * share },
    { name: 'best in hindsight', style: 'pm-line pm-dashed pm-oracle', valueOf: ({ bestShare }) => 100 * bestShare }, // prettier-ignore
  ];
  const kept: Series[] = [
    { name: 'served', style: 'pm-line pm-router pm-c0', valueOf: (period) => 100 * period.kept },
    {
      name: 'best',
      style: 'pm-line pm-dashed pm-oracle',
      valueOf: ({ bestKept }) => 100 * bestKept,
    },
    { name: 'goal', style: 'pm-line pm-dotted pm-random', valueOf: () => 100 * target },
  ];
  const panels = [
    timePanel('share of strong calls', '%', shares, periods, 0),
    timePanel('kept of the advantage', '%', kept, periods, panel.width),
  ];
  const names = legend(
    [...shares, kept[2]!].map(({ name, style }) => ({ name, style })),
    panel.height,
    2 * panel.width,
  );
  return svgPicture(
    2 * panel.width,
    panel.height + names.height,
    'A simulated deployment over time',
    ...panels,
    names.markup,
  ).markup;
}

function timePanel(
  title: string,
  yLabel: string,
  series: readonly Series[],
  periods: readonly Period[],
  left: number,
): Markup {
  const values = series.flatMap(({ valueOf }) => periods.map(valueOf));
  const options: FrameOptions = {
    ...{ left, top: 0, ...panel, title, yLabel },
    subtitle: 'of each period; means of all runs',
    xDomain: [0, periods.at(-1)!.until / 1000],
    yDomain: [Math.floor(Math.min(...values) / 10) * 10, Math.ceil(Math.max(...values) / 10) * 10],
    xLabel: 'requests (thousands)',
  };
  const frame = createFrame(options);
  const lines = series.map(({ name, style, valueOf }) => {
    const path = line<Period>(
      ({ until }) => frame.x(until / 1000),
      (period) => frame.y(valueOf(period)),
    ).digits(2);
    return element('path', { d: path(periods) ?? '', class: style, 'data-name': name });
  });
  return element('g', {}, frameMarkup(frame, options), ...lines.reverse());
}

/** What each interval held, with the noise of that many runs around 95 %. */
export function coveragePicture(scenarios: readonly ScenarioCoverage[]): string {
  const figures = [
    ...new Set(scenarios.flatMap(({ coverages }) => coverages.map(({ figure }) => figure))),
  ];
  const width = 2 * panel.width;
  const options: FrameOptions = {
    ...{ left: 0, top: 0, width, height: panel.height },
    title: 'share of 95 % intervals that held the truth',
    subtitle:
      'one mark a figure and kind of log; the band is what chance alone does to a true 95 %',
    xDomain: [0, figures.length + 1],
    yDomain: [85, 100],
    xLabel: '',
    yLabel: 'held (%)',
  };
  const frame = createFrame(options);
  const runs = Math.max(...scenarios.flatMap(({ coverages }) => coverages.map((one) => one.runs)));
  const noise = 196 * Math.sqrt((0.95 * 0.05) / runs);
  const [x0, x1] = frame.x.range() as [number, number];
  const band = element('rect', {
    ...{ x: round(x0), width: round(x1 - x0), class: 'pm-band pm-random' },
    ...{ y: round(frame.y(95 + noise)), height: round(frame.y(95 - noise) - frame.y(95 + noise)) },
  });
  const marks = scenarios.map(({ scenario, coverages }, s) =>
    element(
      'g',
      { class: `pm-c${s % 4}`, 'data-name': scenario.name },
      ...coverages.map(({ figure, held }) =>
        element(
          'circle',
          {
            cx: round(
              frame.x(figures.indexOf(figure) + 1 + 0.15 * (s - (scenarios.length - 1) / 2)),
            ),
            cy: round(frame.y(Math.max(85, 100 * held))),
            ...{ r: 4, class: 'pm-dot', 'data-held': held },
          },
          element('title', {}, `${scenario.name}, ${figure}: ${(100 * held).toFixed(1)} %`),
        ),
      ),
    ),
  );
  // The figures' names in place of the numbers of the axis.
  const labels = figures.map((figure, i) =>
    element(
      'text',
      {
        transform: `translate(${round(frame.x(i + 1) + 3)} ${panel.height - 26}) rotate(40)`,
        class: 'pm-ink pm-small',
      },
      figure,
    ),
  );
  const top = panel.height + 64;
  const names = legend(
    scenarios.map(({ scenario }, s) => ({
      name: scenario.name,
      style: `pm-line pm-router pm-c${s % 4}`,
    })),
    top,
    width,
  );
  return svgPicture(
    width,
    top + names.height,
    'Coverage of the intervals',
    band,
    frameMarkup(withoutTicks(frame), options),
    ...marks,
    ...labels,
    names.markup,
  ).markup;
}

/** The same frame with no numbers along x. */
function withoutTicks(frame: ReturnType<typeof createFrame>): ReturnType<typeof createFrame> {
  const x = frame.x.copy();
  x.ticks = () => [];
  return { ...frame, x };
}
