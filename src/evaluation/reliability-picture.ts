import { line } from 'd3-shape';
import { createFrame, frameMarkup, nineDigits, round, type FrameOptions } from './chart-frame.ts';
import type { Calibration, CalibrationBin } from './evaluation.ts';
import { estimateText } from './format.ts';
import { element, type Markup } from './markup.ts';
import { svgPicture } from './picture-page.ts';

const plot = { width: 400, height: 340 };
const bars = { width: 400, height: 200 };

/** How often the strong answer won, beside how often the score said it would; below, all scores. */
export function reliabilityPicture(calibrations: readonly Calibration[]): Markup {
  const columns = calibrations.map((calibration, i) => {
    const left = plot.width * i;
    const colour = `pm-c${i % 4}`;
    return element(
      'g',
      { class: colour, 'data-name': calibration.router },
      reliabilityPlot(calibration, left),
      histogramPlot(calibration, left),
    );
  });
  const width = plot.width * Math.max(1, calibrations.length);
  return svgPicture(width, plot.height + bars.height, 'Reliability of the scores', ...columns);
}

function reliabilityPlot(calibration: Calibration, left: number): Markup {
  const { router, prompts, error, bins } = calibration;
  const options: FrameOptions = {
    ...{ left, top: 0, ...plot },
    title: `reliability of ${router}`,
    subtitle: `expected calibration error ${estimateText(error)}, ${prompts} comparisons`,
    xDomain: [0, 1],
    yDomain: [0, 1],
    xLabel: 'score',
    yLabel: 'how often strong won',
  };
  const frame = createFrame(options);
  const diagonal = line()([0, 1].map((v): [number, number] => [frame.x(v), frame.y(v)]));
  const total = bins.reduce((sum, { weight }) => sum + weight, 0);
  const marks = bins
    .filter(({ weight }) => weight > 0)
    .map((bin) => binMark(bin, total, frame.x(bin.probability), frame.y));
  return element(
    'g',
    {},
    frameMarkup(frame, options),
    element('path', { d: diagonal ?? '', class: 'pm-line pm-dashed pm-random' }),
    ...marks,
  );
}

function binMark(
  bin: CalibrationBin,
  total: number,
  x: number,
  y: (value: number) => number,
): Markup {
  const { weight, probability, frequency, frequency95 } = bin;
  const share = weight / total;
  const [low, high] = frequency95 ?? [frequency, frequency];
  const words = `score ${probability.toFixed(3)}: strong won ${frequency.toFixed(3)} (${(100 * share).toFixed(1)} % of the rows)`;
  return element(
    'g',
    {},
    element('line', {
      x1: round(x),
      x2: round(x),
      y1: round(y(low)),
      y2: round(y(high)),
      class: 'pm-line',
    }),
    element(
      'circle',
      {
        cx: round(x),
        cy: round(y(frequency)),
        r: round(3 + 7 * Math.sqrt(share)),
        class: 'pm-dot',
        'data-probability': nineDigits(probability),
        'data-frequency': nineDigits(frequency),
      },
      element('title', {}, words),
    ),
  );
}

function histogramPlot({ histogram }: Calibration, left: number): Markup {
  const most = Math.max(...histogram, 0.01);
  const options: FrameOptions = {
    ...{ left, top: plot.height, ...bars },
    title: 'scores',
    subtitle: 'share of the rows (%) by score',
    xDomain: [0, 1],
    yDomain: [0, 100 * most],
    xLabel: 'score',
    yLabel: 'rows (%)',
  };
  const frame = createFrame(options);
  const width = 1 / histogram.length;
  const columns = histogram.map((share, i) => {
    const x = frame.x(i * width);
    const top = frame.y(100 * share);
    return element('rect', {
      x: round(x + 0.5),
      y: round(top),
      width: round(frame.x((i + 1) * width) - x - 1),
      height: round(frame.y(0) - top),
      class: 'pm-bar',
      'data-share': nineDigits(share),
    });
  });
  return element('g', {}, frameMarkup(frame, options), ...columns);
}
