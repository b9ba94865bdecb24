import { axis, centredBars, createChart } from './chart.js';
import { byId, fill, h } from './dom.js';
import { count, percent, shortMoment } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */
/** @typedef {import('../api-types.ts').Drift} Drift */

const verdicts = {
  stable: 'The scores are spread as they were when the threshold was found.',
  moderate: 'The scores have moved. Look at the share; calibrate again if it is off.',
  strong: 'The scores have moved far from those the threshold was found from: calibrate again.',
};

/** Scores now against those that the threshold in force was found from. */
export function mountDrift() {
  /** @type {Drift | null} */
  let drift = null;
  const picture = h('div', { class: 'chart' });
  const facts = h('div', {});
  const nothing = h('p', { class: 'nothing' });
  fill(byId('drift'), facts, picture, nothing);
  const chart = createChart(picture, {
    height: 150,
    options: (colour) => ({
      scales: { x: { time: false, range: () => [0.4, 10.6] }, y: { range: (_plot, _low, high) => [0, Math.max(0.2, high * 1.1)] } }, // prettier-ignore
      axes: [
        axis(colour, { grid: { show: false }, splits: () => [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] }),
        axis(colour, { size: 50, values: (_plot, splits) => splits.map((value) => percent(value, 0)) }), // prettier-ignore
      ],
      series: [
        {},
        { fill: colour('accent'), width: 0, paths: centredBars(0.7), points: { show: false } },
        { stroke: colour('ink'), width: 1, dash: [4, 4], points: { show: false } },
      ],
    }),
    tip(index) {
      if (drift === null) return null;
      const rows = [
        { label: 'now', value: percent(drift.now[index] ?? 0) },
        { label: 'calibrated on', value: percent(0.1) },
      ];
      return { title: `tenth ${index + 1} of the scores calibrated on`, rows };
    },
  });

  /** @param {Overview} overview */
  return ({ traffic, server }) => {
    drift = traffic.drift;
    picture.hidden = facts.hidden = drift === null;
    nothing.hidden = drift !== null;
    byId('drift-about').textContent =
      drift === null ? '' : `since ${shortMoment(drift.calibrated_at)}`;
    if (drift === null) {
      nothing.textContent =
        server.router.origin === 'calibrated'
          ? 'Too few scores yet to compare with those that the threshold was found from.'
          : 'Drift is measured against the scores that a threshold was found from. Apply one above, or run pointsman calibrate --apply.';
      return;
    }
    const { level, psi, scores, share, wanted_share } = drift;
    const columns = drift.now.map((_, i) => i + 1);
    chart.show([columns, [...drift.now], columns.map(() => 0.1)], `Share of scores in each tenth; ${verdicts[level]}`); // prettier-ignore
    fill(
      facts,
      h(
        'p',
        {},
        h('span', { class: 'badge', 'data-level': level }, level),
        ` PSI ${psi.toFixed(3)} over ${count(scores)} scores; ${percent(share)} to strong, ${percent(wanted_share)} wanted.`,
      ),
      h('p', { class: 'about' }, verdicts[level]),
    );
  };
}
