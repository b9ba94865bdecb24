import { byId, fill, h } from './dom.js';
import { count, duration, money, percent } from './format.js';

/** @typedef {import('../api-types.ts').Overview} Overview */

/** The figures at the top. */
export function mountFigures() {
  /** @param {Overview} overview */
  return ({ traffic: { totals, latency } }) => {
    const { requests, routed, routed_strong, failed, client_aborts, fell_back } = totals;
    const strong = latency.find(({ tier }) => tier === 'strong')?.ttft ?? null;
    const weak = latency.find(({ tier }) => tier === 'weak')?.ttft ?? null;
    fill(
      byId('figures'),
      figure('requests', 'Requests', count(requests), `${count(routed)} decided by a router`),
      figure(
        'share',
        'To the strong model',
        routed === 0 ? '–' : percent(routed_strong / routed),
        `${count(routed_strong)} of ${count(routed)} routed`,
      ),
      figure('money', 'Money saved', ...moneySaved(totals)),
      figure('time', 'Time saved', ...timeSaved(totals)),
      figure(
        'ttft',
        'First token, median',
        weak === null && strong === null ? '–' : duration((weak ?? strong)?.p50 ?? null),
        strong === null || weak === null ? 'until the answer begins' : `weak; strong takes ${duration(strong.p50)}`, // prettier-ignore
      ),
      figure(
        'failed',
        'Failed',
        requests === 0 ? '–' : percent(failed / requests, failed / requests < 0.01 ? 2 : 1),
        `${count(failed)} failed, ${count(fell_back)} fell back, ${count(client_aborts)} left`,
        failed > 0 ? 'bad' : '',
      ),
    );
  };
}

/** @param {import('../api-types.ts').Totals} totals @returns {[string, string]} */
function moneySaved({ cost_usd, savings: { usd, always_strong_usd } }) {
  if (usd === null || always_strong_usd === null) {
    return ['–', 'set input_per_mtok and output_per_mtok of both models'];
  }
  const share = always_strong_usd > 0 ? `, ${percent(usd / always_strong_usd, 0)} less` : '';
  return [
    money(usd),
    `spent ${money(cost_usd)}; always strong ${money(always_strong_usd)}${share}`,
  ];
}

/** @param {import('../api-types.ts').Totals} totals @returns {[string, string]} */
function timeSaved({ savings: { ms, timed_requests, strong_answers, strong_answers_needed } }) {
  if (ms === null) {
    return [
      '–',
      `known after ${strong_answers_needed} strong answers; there are ${strong_answers}`,
    ];
  }
  return [duration(ms), `estimated, over ${count(timed_requests)} weak answers`];
}

/**
 * @param {string} id @param {string} label @param {string} value @param {string} about
 * @param {string} [state]
 */
function figure(id, label, value, about, state = '') {
  return h(
    'div',
    {
      class: 'figure',
      'data-state': state,
      id: `figure-${id}`,
      role: 'group',
      'aria-label': label,
    },
    h('p', { class: 'label' }, label),
    h('p', { class: 'value' }, value),
    h('p', { class: 'about' }, about),
  );
}
