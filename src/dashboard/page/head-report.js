import { h } from './dom.js';
import { count, moment, percent, score } from './format.js';

/** @typedef {NonNullable<import('../api-types.ts').Traffic['head']>} Head */
/** @typedef {NonNullable<Head['report']>} Report */
/** @typedef {Report['contenders'][number]} Contender */
/** @typedef {readonly [number, number] | null} Interval */

/** @type {Record<string, string>} */
const names = {
  'new head': 'This head',
  'present head': 'The head before',
  'shipped head': 'The shipped head',
  'prompt length': 'Longest prompts first',
  random: 'Chance',
  'always weak': 'Always weak',
  'always strong': 'Always strong',
};

/** The report card of a head that was learned from the log. @param {Head} head */
export function headReport({ report, applied_at }) {
  const applied = `Applied ${moment(applied_at)}`;
  if (report === null) return h('p', { class: 'about' }, `${applied}; its report cannot be read.`);
  const { outcomes, compared, rated, telling, strong_share } = report;
  return h(
    'div',
    { id: 'head-report' },
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Report card of the head' }, table(report)), // prettier-ignore
    h('p', { class: 'about' }, 'APGR: 0.5 is chance. Advantage kept: of strong over weak, ', `with ${percent(strong_share)} of the requests sent to strong.`), // prettier-ignore
    h('p', {}, gainText(report)),
    h('p', {}, `Learned from ${count(outcomes)} outcomes: ${count(compared)} compared, ${count(rated)} rated, of which ${count(telling)} can tell which model was better.`), // prettier-ignore
    h('p', {}, `${applied}, over version ${report.present_version}. ${thresholdText(report)}`),
    h('p', { class: 'about' }, h('code', {}, 'pointsman models rollback'), ' goes back to the head before.'), // prettier-ignore
  );
}

/** @param {Report} report */
function table({ contenders }) {
  const isFirst = !contenders.some(({ name }) => name === 'shipped head');
  const ends = contenders.flatMap(({ apgr_interval_95: interval }) => interval ?? []);
  const [low, high] = [Math.min(0.5, ...ends), Math.max(0.5, ...ends)];
  /** @param {number} value */
  const place = (value) => `${(100 * (value - low)) / Math.max(1e-9, high - low)}%`;
  /** @param {Contender} one */
  const label = ({ name }) =>
    name === 'present head' && isFirst ? 'The shipped head' : (names[name] ?? name);
  const heads = [
    ['', ''],
    ['APGR', 'number'],
    ['95 %', 'number'],
    ['', 'wide-only'],
    ['Advantage kept', 'number'],
    ['95 %', 'number'],
  ];
  return h(
    'table',
    { class: 'plain' },
    h('caption', {}, 'Report card: on outcomes that the head had not seen'),
    h('thead', {}, h('tr', {}, ...heads.map(([text, name]) => h('th', { scope: 'col', class: name ?? '' }, text)))), // prettier-ignore
    h(
      'tbody',
      {},
      ...contenders.map((one) =>
        h(
          'tr',
          { class: one.name === 'new head' ? 'main' : '' },
          h('th', { scope: 'row' }, label(one)),
          h('td', { class: 'number' }, one.apgr === null ? '–' : one.apgr.toFixed(3)),
          h('td', { class: 'number quiet' }, range(one.apgr_interval_95, (value) => value.toFixed(2))), // prettier-ignore
          h('td', { class: 'span wide-only' }, span(one, place)),
          h('td', { class: 'number' }, one.gap_recovered === null ? '–' : percent(one.gap_recovered, 0)), // prettier-ignore
          h('td', { class: 'number quiet' }, range(one.gap_recovered_interval_95, (value) => percent(value, 0))), // prettier-ignore
        ),
      ),
    ),
  );
}

/** The interval as a line with chance marked, beside its numbers. @param {Contender} one @param {(value: number) => string} place */
function span({ apgr, apgr_interval_95: interval }, place) {
  if (apgr === null || interval === null) return null;
  const [line, dot, chance] = [h('i', { class: 'line' }), h('i', { class: 'dot' }), h('i', { class: 'chance' })]; // prettier-ignore
  line.style.left = place(interval[0]);
  line.style.right = `calc(100% - ${place(interval[1])})`;
  dot.style.left = place(apgr);
  chance.style.left = place(0.5);
  return h('span', { class: 'interval', 'aria-hidden': 'true' }, chance, line, dot);
}

/** @param {Report} report */
function gainText({ quality_gain, quality_gain_interval_95, apgr_gain, apgr_gain_interval_95 }) {
  if (quality_gain === null) return 'Too few outcomes could tell whether it is better.';
  const inApgr =
    apgr_gain === null
      ? ''
      : ` (APGR ${signed(apgr_gain, 2)}, 95 %: ${range(apgr_gain_interval_95, (value) => signed(value, 2))})`; // prettier-ignore
  return (
    `Against the head before: quality ${signed(quality_gain)} ` +
    `(95 %: ${range(quality_gain_interval_95, (value) => signed(value))}) ` +
    `on average over all shares of strong calls${inApgr}.`
  );
}

/** @param {Report} report */
function thresholdText({ present_threshold: before, threshold, strong_share: share }) {
  const from = before === null ? '' : ` from ${score(before)}`;
  return `The threshold went${from} to ${score(threshold)}, which kept ${percent(share)} to strong.`;
}

/** @param {Interval} interval @param {(value: number) => string} text */
function range(interval, text) {
  return interval === null ? '' : `${text(interval[0])} to ${text(interval[1])}`;
}

/** @param {number} value @param {number} [digits] */
function signed(value, digits = 3) {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;
}
