import { axis, bucketScale, createChart, timeLabels } from './chart.js';
import { byId, fill, h } from './dom.js';
import { count, duration, moment } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */

const phases = /** @type {const} */ ([
  ['ttft', 'First token'],
  ['duration', 'Whole answer'],
  ['decision', 'Our decision'],
]);

/** The median wait for the first token over time, and percentiles by tier. */
export function mountLatency() {
  /** @type {import('../api-types.ts').Series | null} */
  let series = null;
  let bucketMs = 0;
  const chart = createChart(byId('latency'), {
    height: 150,
    options: (colour) => {
      /** @param {string} name @returns {import('uplot').Series} */
      const line = (name) => ({
        ...{ stroke: colour(name), width: 2, spanGaps: true },
        points: { show: true, size: 5, fill: colour(name), stroke: colour(name) },
      });
      return {
        scales: {
          x: bucketScale(() => bucketMs),
          y: { range: (_plot, _low, high) => [0, (high || 100) * 1.1] },
        },
        axes: [
          axis(colour, { values: timeLabels, grid: { show: false }, space: 70 }),
          axis(colour, { size: 60, values: (_plot, splits) => splits.map(duration) }),
        ],
        series: [{}, line('strong'), line('weak')],
      };
    },
    tip(index) {
      const t = series?.t[index];
      if (series === null || t === undefined) return null;
      return {
        title: moment(new Date(t * 1000).toISOString()),
        rows: [
          { label: 'strong', value: duration(series.ttft_strong[index] ?? null), colour: 'strong' },
          { label: 'weak', value: duration(series.ttft_weak[index] ?? null), colour: 'weak' },
        ],
      };
    },
  });

  /** @param {Overview} overview */
  return ({ traffic }) => {
    series = traffic.series;
    bucketMs = traffic.range.bucket_ms;
    const { t, ttft_strong, ttft_weak } = series;
    const medians = traffic.latency.map(
      ({ tier, ttft }) => `${tier} ${duration(ttft?.p50 ?? null)}`,
    );
    chart.show([[...t], [...ttft_strong], [...ttft_weak]], `Median time to the first token: ${medians.join(', ')}.`); // prettier-ignore
    fill(byId('percentiles'), table(traffic.latency));
  };
}

/** @param {readonly import('../api-types.ts').TierLatency[]} latency */
function table(latency) {
  const rows = phases.flatMap(([phase, label]) =>
    latency.map((tier, i) => {
      const values = tier[phase];
      return h(
        'tr',
        {},
        i === 0 && h('th', { scope: 'rowgroup', rowspan: latency.length }, label),
        h('td', {}, h('span', { class: 'key', 'data-colour': tier.tier }, tier.tier)),
        ...(['p50', 'p90', 'p99']).map((key) =>
          h('td', { class: 'number' }, duration(values?.[/** @type {'p50'} */ (key)] ?? null)),
        ), // prettier-ignore
        h('td', { class: 'number quiet wide-only' }, count(values?.count ?? 0)),
      );
    }),
  );
  const heads = ['Phase', 'Tier', 'p50', 'p90', 'p99', 'answers'];
  return h(
    'table',
    { class: 'plain' },
    h('caption', { class: 'hidden' }, 'Percentiles of latency by tier'),
    h('thead', {}, h('tr', {}, ...heads.map((text, i) => h('th', { scope: 'col', class: i > 4 ? 'number wide-only' : i > 1 ? 'number' : '' }, text)))), // prettier-ignore
    h('tbody', {}, ...rows),
  );
}
