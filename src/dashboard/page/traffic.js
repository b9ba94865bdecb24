import { axis, bars, bucketScale, createChart, timeLabels } from './chart.js';
import { byId, fill, h } from './dom.js';
import { count, moment } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */

/** Requests over time, stacked by tier. */
export function mountTraffic() {
  /** @type {import('../api-types.ts').Series | null} */
  let series = null;
  let bucketMs = 0;
  fill(
    byId('traffic-legend'),
    ...['weak', 'strong', 'other', 'failed'].map((name) =>
      h('li', { class: 'key', 'data-colour': name }, name),
    ),
  );
  const chart = createChart(byId('traffic'), {
    height: 220,
    options: (colour) => ({
      scales: { x: bucketScale(() => bucketMs), y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.08)] } }, // prettier-ignore
      axes: [
        axis(colour, { values: timeLabels, grid: { show: false }, space: 70 }),
        axis(colour, { size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 1e4, 1e5] }), // prettier-ignore
      ],
      // The highest sum first: each next one is drawn over it.
      series: [
        {},
        { fill: colour('other'), width: 0, paths: bars(), points: { show: false } },
        { fill: colour('strong'), width: 0, paths: bars(), points: { show: false } },
        { fill: colour('weak'), width: 0, paths: bars(), points: { show: false } },
        { fill: colour('failed'), width: 0, paths: bars(0.3), points: { show: false } },
      ],
    }),
    tip(index) {
      const t = series?.t[index];
      if (series === null || t === undefined) return null;
      const shown = /** @type {const} */ (['strong', 'weak', 'other', 'failed']);
      const rows = shown
        .filter((name) => name === 'strong' || name === 'weak' || (series?.[name][index] ?? 0) > 0)
        .map((name) => ({ label: name, value: count(series?.[name][index] ?? 0), colour: name }));
      return { title: moment(new Date(t * 1000).toISOString()), rows };
    },
  });

  /** @param {Overview} overview */
  return ({ traffic: { range, series: next, totals } }) => {
    series = next;
    bucketMs = range.bucket_ms;
    const { t, strong, weak, other, failed } = next;
    const upTo = weak.map((value, i) => value + (strong[i] ?? 0));
    const all = upTo.map((value, i) => value + (other[i] ?? 0));
    chart.show(
      [[...t], all, upTo, [...weak], [...failed]],
      `${count(totals.requests)} requests over time: ${count(totals.strong)} to strong, ` +
        `${count(totals.weak)} to weak, ${count(totals.failed)} failed.`,
    );
  };
}
