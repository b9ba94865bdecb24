import { byId, fill, h } from './dom.js';
import { count, percent, shortMoment, words } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */

/**
 * What failed, what fell back to another model, which deployments are out, how decisions were made.
 * @param {{ open: (decisionId: string) => void }} events
 */
export function mountErrors({ open }) {
  /** @param {Overview} overview */
  return ({ traffic: { errors, fallbacks, reasons, totals }, server: { deployments } }) => {
    fill(
      byId('errors'),
      errors.length === 0 && h('p', { class: 'good' }, 'No request of this range failed.'),
      errors.length > 0 &&
        table(
          'Failures',
          ['Failure', 'Status', 'Count', 'Last'],
          errors.map(({ code, status, count: times, last_at, last_decision_id: id }) => [
            words(code),
            status,
            count(times),
            h('button', { type: 'button', class: 'link', onclick: () => open(id), 'aria-label': `Show the last ${words(code)}` }, shortMoment(last_at)), // prettier-ignore
          ]),
        ),
      fallbacks.length > 0 &&
        table(
          'Fallbacks',
          ['Decided for', 'Called last', 'Count', 'Last'],
          fallbacks.map(({ tier, model, count: times, last_at }) => [
            h('span', { class: 'key', 'data-colour': tier }, tier),
            ...[model, count(times), shortMoment(last_at)],
          ]),
        ),
      table(
        'Deployments',
        ['Deployment', 'Model', 'Running', 'State'],
        deployments.map(({ id, model, state, in_flight }) => [
          id,
          model,
          count(in_flight),
          h('span', { class: 'badge', 'data-level': state === 'closed' ? 'stable' : 'strong' }, state === 'closed' ? 'in service' : state), // prettier-ignore
        ]),
      ),
      table(
        'Decisions',
        ['Decided by', '', 'Count', 'Share'],
        reasons.map(({ reason, count: times }) => [
          words(reason),
          ...['', count(times), percent(times / Math.max(1, totals.requests))],
        ]),
      ),
    );
  };
}

/**
 * @param {string} caption @param {string[]} heads
 * @param {(string | number | Node)[][]} rows the last two columns are numbers or ends
 */
function table(caption, heads, rows) {
  /** @param {number} i */
  const place = (i) => (i >= heads.length - 2 ? 'number' : '');
  return h(
    'table',
    { class: 'plain' },
    h('caption', {}, caption),
    h('thead', {}, h('tr', {}, ...heads.map((text, i) => h('th', { scope: 'col', class: place(i) }, text)))), // prettier-ignore
    h('tbody', {}, ...rows.map((row) => h('tr', {}, ...row.map((cell, i) => h('td', { class: place(i) }, cell))))), // prettier-ignore
  );
}
