import { byId, fill, h } from './dom.js';
import { count, percent, score, shortMoment, words } from './format.js';
import { headReport } from './head-report.js';

/** @typedef {import('../api-types.ts').Overview} Overview */

/** The router in force: which head, how good it was found to be, and its thresholds so far. */
export function mountHead() {
  /** @type {string} */
  let last = '';
  /** @param {Overview} overview */
  return ({ server: { router, card }, traffic: { head, thresholds, evidence } }) => {
    // Built anew only when it says something else: an opened part stays open.
    const said = JSON.stringify([router.version, card, head, thresholds, evidence]);
    if (said === last) return;
    last = said;
    fill(
      byId('head'),
      facts([
        ['Router', router.name],
        ['Version', h('code', {}, router.version)],
        ['Head', head === null ? 'as shipped' : `learned here, ${shortMoment(head.applied_at)}`],
        card !== null && ['Scored as', `${card.strong_profile} over ${card.weak_profile}`],
        card !== null && ['Encoder', card.embedder],
        ['Outcomes', `${count(evidence.explicit)} said, ${count(evidence.compared)} compared, ${count(evidence.implicit)} shown by the answer`], // prettier-ignore
      ]),
      head !== null && headReport(head),
      card !== null && (head === null ? cardTable(card) : shippedCard(card)),
      thresholds.length > 0 && history(thresholds),
    );
  };
}

/** @param {import('../api-types.ts').ReportCard} card */
function cardTable({ pairs, prompts, outcomes, models, calibration_error }) {
  return h(
    'div',
    {},
    h(
      'table',
      { class: 'plain' },
      h('caption', {}, 'Report card: APGR on prompts that training did not see'),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Pair'), h('th', { scope: 'col', class: 'number' }, 'APGR'), h('th', { scope: 'col', class: 'number' }, '95 %'))), // prettier-ignore
      h(
        'tbody',
        {},
        ...pairs.map(({ strong, weak, apgr, interval95: [low, high] }) =>
          h(
            'tr',
            {},
            h('td', {}, `${strong} over ${weak}`),
            h('td', { class: 'number' }, apgr.toFixed(3)),
            h('td', { class: 'number quiet' }, `${low.toFixed(2)} to ${high.toFixed(2)}`),
          ),
        ),
      ),
    ),
    h(
      'p',
      { class: 'about' },
      `0.5 is chance. Trained on ${count(outcomes)} outcomes of ${count(models)} models on ${count(prompts)} prompts` +
        (calibration_error === null ? '.' : `; calibration error ${percent(calibration_error)}.`),
    ),
  );
}

/** Of the shipped head, which a learned one corrects. @param {import('../api-types.ts').ReportCard} card */
function shippedCard(card) {
  return h('details', {}, h('summary', {}, 'The shipped head that it corrects'), cardTable(card));
}

/** @param {readonly import('../api-types.ts').AppliedThresholdView[]} thresholds */
function history(thresholds) {
  return h(
    'table',
    { class: 'plain' },
    h('caption', {}, 'Thresholds applied'),
    h('thead', {}, h('tr', {}, ...['When', 'For', 'Threshold', 'To strong'].map((text, i) => h('th', { scope: 'col', class: i > 1 ? 'number' : '' }, text)))), // prettier-ignore
    h(
      'tbody',
      {},
      ...thresholds.map((one) =>
        h(
          'tr',
          { class: one.is_current_version ? '' : 'quiet' },
          h('td', {}, shortMoment(one.applied_at)),
          h(
            'td',
            {},
            one.is_current_version ? words(one.goal) : `${words(one.goal)}, another version`,
          ),
          h('td', { class: 'number' }, score(one.threshold)),
          h('td', { class: 'number' }, percent(one.strong_share)),
        ),
      ),
    ),
  );
}

/** @param {(false | [string, string | Node])[]} pairs */
export function facts(pairs) {
  return h(
    'dl',
    { class: 'facts' },
    ...pairs.flatMap((pair) =>
      pair === false ? [] : [h('dt', {}, pair[0]), h('dd', {}, pair[1])],
    ),
  );
}
