import { axis, centredBars, createChart } from './chart.js';
import { byId, fill, h } from './dom.js';
import { count, percent, shortMoment } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */
/** @typedef {import('../api-types.ts').Drift} Drift */

const verdicts = {
  stable: 'The scores are spread as they were then.',
  moderate: 'The scores have moved. Look at the share; calibrate again if it is off.',
  major: 'The scores are far from those of then: calibrate again.',
};

/** The last scores against those that the threshold in force was found from. */
export function mountDrift() {
  /** @type {Drift | null} */
  let drift = null;
  const picture = h('div', { class: 'chart' });
  const facts = h('div', { class: 'drift' });
  const nothing = h('p', { class: 'nothing' }, 'Too few scores yet: 200 are compared with those that the threshold was found from.'); // prettier-ignore
  fill(byId('drift'), facts, picture, nothing);
  const chart = createChart(picture, {
    height: 190,
    options: (colour) => ({
      scales: {
        x: { time: false, range: (_plot, low, high) => [low - 0.6, high + 0.6] },
        y: { range: (_plot, _low, high) => [0, Math.max(0.2, high * 1.1)] },
      },
      axes: [
        axis(colour, { grid: { show: false }, splits: (plot) => [...(plot.data[0] ?? [])] }),
        axis(colour, { size: 50, values: (_plot, splits) => splits.map((value) => percent(value, 0)) }), // prettier-ignore
      ],
      series: [
        {},
        { fill: colour('accent'), width: 0, paths: centredBars(0.7), points: { show: false } },
        { stroke: colour('ink'), width: 1.5, dash: [5, 4], points: { show: false } },
      ],
    }),
    tip(index) {
      const bin = drift?.shares[index];
      if (bin === undefined) return null;
      const rows = [
        { label: 'lately', value: percent(bin.actual) },
        { label: 'then', value: percent(bin.expected) },
      ];
      return { title: `${index + 1} of ${drift?.shares.length} parts, low scores first`, rows };
    },
  });

  /** @param {Overview} overview */
  return ({ server }) => {
    drift = server.drift;
    picture.hidden = drift === null;
    nothing.hidden = drift !== null;
    byId('drift-about').textContent = drift === null ? '' : `${count(drift.scores)} last scores against ${referenceText(drift)}`; // prettier-ignore
    fill(facts, drift !== null && verdict(drift), share(server));
    if (drift === null) return;
    const { shares, level } = drift;
    const label = `Share of the scores in each part; ${verdicts[level]}`;
    const parts = shares.map((_, i) => i + 1);
    chart.show([parts, shares.map(({ actual }) => actual), shares.map(({ expected }) => expected)], label); // prettier-ignore
  };
}

/** @param {Drift} drift */
function referenceText({ reference: { origin, scores, since } }) {
  if (origin === 'weights') return `${count(scores)} that came with the weights`;
  return `${count(scores)} calibrated on${since === null ? '' : ` (${shortMoment(since)})`}`;
}

/** @param {Drift} drift */
function verdict({ level, psi, psi_noise }) {
  return h(
    'p',
    {},
    h('span', { class: 'badge', 'data-level': level }, level),
    ` PSI ${psi.toFixed(3)} (chance: up to ${psi_noise.toFixed(3)}). ${verdicts[level]}`,
  );
}

/** @param {Overview['server']} server */
function share({ recent: { scores, strong_share }, target_strong_share }) {
  if (strong_share === null) return null;
  const target = target_strong_share === null ? '' : `; ${percent(target_strong_share)} is held`;
  return h('p', { class: 'about' }, `Of the last ${count(scores)} decisions ${percent(strong_share)} went to strong${target}.`); // prettier-ignore
}
