import uPlot from '../charts/uPlot.esm.js';
import { fill, h } from './dom.js';

/*
 * uPlot in this page's colours: follows the width of its place and the theme, and tells by a box
 * beside the pointer what stands there.
 */

/** @typedef {import('uplot')} Plot */
/** @typedef {import('uplot').Options} Options */
/** @typedef {import('uplot').AlignedData} Data */
/** @typedef {{ label: string, value: string, colour?: string }} TipRow */

/**
 * @typedef {object} ChartSettings
 * @property {number} height in pixels, without the axes' own room
 * @property {(colour: (name: string) => string) => Omit<Options, 'width' | 'height'>} options
 * @property {(index: number) => { title: string, rows: TipRow[] } | null} [tip]
 */

/**
 * @param {HTMLElement} host
 * @param {ChartSettings} settings
 */
export function createChart(host, { height, options, tip }) {
  /** @type {Plot | null} */
  let plot = null;
  /** @type {Data} */
  let data = [[]];
  const box = h('div', { class: 'tip', hidden: true });
  const stage = h('div', { class: 'stage', role: 'img' });
  fill(host, stage, box);

  const width = () => Math.max(200, Math.floor(stage.clientWidth));

  function build() {
    plot?.destroy();
    const wanted = options(colour);
    const hooks = { ...wanted.hooks, setCursor: [...(wanted.hooks?.setCursor ?? []), showTip] };
    const cursor = {
      drag: { x: false, y: false },
      points: { show: false },
      y: false,
      ...wanted.cursor,
    };
    const all = { ...wanted, hooks, cursor, width: width(), height, legend: { show: false } };
    plot = new uPlot(all, data, stage);
  }

  /** @param {Plot} shown */
  function showTip(shown) {
    const { left = -1, idx } = shown.cursor;
    const told =
      tip === undefined || left < 0 || idx === null || idx === undefined ? null : tip(idx);
    box.hidden = told === null;
    if (told === null) return;
    fill(
      box,
      h('p', {}, told.title),
      h('dl', {}, ...told.rows.flatMap(({ label, value, colour: name }) => [
        h('dt', name === undefined ? {} : { class: 'key', 'data-colour': name }, label),
        h('dd', {}, value),
      ])), // prettier-ignore
    );
    const at = shown.over.offsetLeft + left;
    const isRight = at > host.clientWidth / 2;
    box.style.left = isRight ? '' : `${at + 12}px`;
    box.style.right = isRight ? `${host.clientWidth - at + 12}px` : '';
  }

  new ResizeObserver(() => {
    if (plot !== null && stage.clientWidth > 0 && plot.width !== width()) {
      plot.setSize({ width: width(), height });
    }
  }).observe(stage);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    if (plot !== null) build();
  });

  return {
    /** @param {Data} next @param {string} label what the picture says, in a sentence */
    show(next, label) {
      data = next;
      stage.setAttribute('aria-label', label);
      if (plot === null) build();
      else plot.setData(data);
    },
    /** The plot as it is now; null before the first data. */
    plot: () => plot,
  };
}

/** A colour of the theme in force. @param {string} name of a custom property, such as `strong` */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * What both axes look like everywhere.
 * @param {(name: string) => string} colour
 * @param {Partial<import('uplot').Axis>} [rest]
 * @returns {import('uplot').Axis}
 */
export function axis(colour, rest = {}) {
  return {
    stroke: colour('quiet'),
    font: '12px system-ui, sans-serif',
    size: 30,
    ticks: { show: false },
    border: { show: false },
    grid: { stroke: colour('line'), width: 1 },
    ...rest,
  };
}

/** Times of the x axis: hours and minutes, or the day where it changes. @type {import('uplot').Axis.DynamicValues} */
export const timeLabels = (_plot, splits, _axisIndex, _space, step) =>
  splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    const isMidnight = date.getHours() === 0 && date.getMinutes() === 0;
    if (step >= 86_400 || isMidnight) {
      return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
    }
    return date.toLocaleTimeString(undefined, {
      ...{ hour: '2-digit', minute: '2-digit', hour12: false },
      ...(step < 60 ? { second: '2-digit' } : {}),
    });
  });

/**
 * The x scale of buckets that are named by their begin: it ends where the last one does, the one that
 * holds the present moment.
 * @param {() => number} bucketMs
 * @returns {import('uplot').Scale}
 */
export function bucketScale(bucketMs) {
  return { time: true, range: (_plot, low, high) => [low, high + bucketMs() / 1000] };
}

/** Bars from zero, side by side. @param {number} [share] of their room */
export function bars(share = 0.8) {
  const paths = uPlot.paths.bars?.({ size: [share, 48], align: 1 });
  if (paths === undefined) throw new Error('this uPlot draws no bars');
  return paths;
}

/** Bars that are centred on their value. @param {number} share of their room */
export function centredBars(share) {
  const paths = uPlot.paths.bars?.({ size: [share, 60] });
  if (paths === undefined) throw new Error('this uPlot draws no bars');
  return paths;
}
