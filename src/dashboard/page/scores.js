import { post } from './api.js';
import { axis, centredBars, createChart } from './chart.js';
import { byId, fill, h } from './dom.js';
import { count, duration, money, percent, score } from './format.js';
import { createHandle } from './threshold-handle.js';
import { domainOf, histogram, qualityAt, shareAt, valueAt } from './what-if.js';

/** @typedef {import('../api-types.ts').Overview} Overview */
/** @typedef {import('../api-types.ts').ScoreView} ScoreView */

const origins = {
  online: 'it follows your traffic to hold the wanted share',
  configured: 'set in the configuration',
  calibrated: 'applied from your traffic',
  default: 'comes with the weights',
};

/** What becomes of a threshold that is applied over another one. */
const endings = {
  online: ', until the next start: the configuration holds a share',
  configured: ', until the next start: the configuration names another one',
  calibrated: '',
  default: '',
};

/**
 * The histogram of scores with the threshold as a handle: dragging it shows what another threshold
 * would do to the share of strong calls, cost, time and quality; Apply makes it so.
 * @param {{ onApplied: () => void }} events
 */
export function mountScores({ onApplied }) {
  /** @type {Overview | null} */
  let overview = null;
  /** The threshold that is tried; null: the one in force. @type {number | null} */
  let tried = null;
  /** @type {ReturnType<typeof histogram> | null} */
  let shown = null;
  /** @type {[number, number]} */
  let domain = [0, 1];

  const host = h('div', { class: 'chart handled' });
  const tiles = h('dl', { class: 'tiles', 'aria-live': 'polite' });
  const apply = h(
    'button',
    { type: 'button', class: 'main', id: 'apply', onclick: onApply },
    'Apply',
  );
  const back = h('button', { type: 'button', class: 'quiet', id: 'reset', onclick: () => choose(null) }, 'Reset'); // prettier-ignore
  const field = h('input', { type: 'number', id: 'threshold', min: 0, max: 1, step: 0.001, inputmode: 'decimal', onchange: onField }); // prettier-ignore
  const said = h('p', { class: 'said', role: 'status' });
  const controls = h(
    'div',
    { class: 'controls' },
    h('label', { for: 'threshold' }, 'Threshold'),
    ...[field, apply, back, said],
  );
  const nothing = h('p', { class: 'nothing' }, 'No request of this range was scored by this router version.'); // prettier-ignore
  const body = h('div', {}, host, tiles, controls);
  fill(byId('scores'), body, nothing);

  const chart = createChart(host, {
    height: 220,
    options: (colour) => ({
      padding: [22, 8, 0, 0],
      scales: {
        x: { time: false, range: () => domain },
        y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.05)] },
      },
      axes: [
        axis(colour, { grid: { show: false }, values: (_plot, splits) => splits.map((value) => String(Number(value.toFixed(3)))) }), // prettier-ignore
        axis(colour, { size: 44 }),
      ],
      series: [
        {},
        { fill: colour('strong'), width: 0, paths: centredBars(0.86), points: { show: false } },
        { fill: colour('weak'), width: 0, paths: centredBars(0.86), points: { show: false } },
      ],
      hooks: { draw: [() => handle.place()] },
    }),
    tip(index) {
      const mid = shown?.mid[index];
      if (shown === null || mid === undefined) return null;
      const [from, to] = [mid - shown.width / 2, mid + shown.width / 2];
      return {
        title: `score ${score(from)} to ${score(to)}`,
        rows: [{ label: 'requests', value: count(shown.all[index]) }],
      };
    },
  });
  const handle = createHandle(host, {
    plot: chart.plot,
    domain: () => domain,
    value: () => tried ?? overview?.server.router.threshold ?? 0.5,
    current: () => overview?.server.router.threshold ?? null,
    onMove: (value) => choose(value),
    text: (value) => describe(value),
  });

  /** @param {number | null} value */
  function choose(value) {
    tried = value;
    said.textContent = '';
    draw();
  }

  function onField() {
    const value = field.valueAsNumber;
    if (Number.isFinite(value)) choose(Math.min(1, Math.max(0, value)));
  }

  async function onApply() {
    if (tried === null || overview === null) return;
    const { version, origin } = overview.server.router;
    apply.disabled = true;
    try {
      /** @type {import('../api-types.ts').AppliedReply} */
      const reply = await post('threshold', { threshold: tried, router_version: version });
      tried = null;
      onApplied();
      said.textContent = `Threshold ${score(reply.threshold)} is in force from the next request on${endings[origin]}.`; // prettier-ignore
    } catch (error) {
      said.textContent = error instanceof Error ? error.message : String(error);
      apply.disabled = false;
    }
  }

  /** @param {number} value */
  function describe(value) {
    const scores = overview?.traffic.scores ?? null;
    if (scores === null) return score(value);
    const cost = valueAt(scores.usd_per_1k, value);
    const costs = cost === null ? '' : `, ${money(cost)} for 1,000 requests`;
    return `${score(value)}: ${percent(shareAt(scores, value))} to strong${costs}`;
  }

  function draw() {
    const scores = overview?.traffic.scores ?? null;
    body.hidden = scores === null;
    nothing.hidden = scores !== null;
    if (overview === null || scores === null) return;
    const now = overview.server.router.threshold;
    const value = tried ?? now;
    if (!handle.isHeld()) domain = domainOf(scores, value);
    shown = histogram(scores, domain, value);
    chart.show([shown.mid, shown.all, shown.weak], `Scores of ${count(scores.count)} requests; ${describe(value)}`); // prettier-ignore
    handle.place();
    if (document.activeElement !== field) field.value = value.toFixed(3);
    apply.disabled = tried === null || Math.abs(tried - now) < 1e-9;
    back.hidden = tried === null;
    fill(tiles, ...tilesOf(scores, now, value));
  }

  /** @param {Overview} next */
  return (next) => {
    overview = next;
    const { router } = next.server;
    const scores = next.traffic.scores;
    const about = scores === null ? '' : ` ${count(scores.count)} scores${scores.is_truncated ? ', the newest' : ''}.`; // prettier-ignore
    byId('scores-about').textContent =
      `In force: ${score(router.threshold)}, ${origins[router.origin]}.${about}`;
    draw();
  };
}

/** @param {ScoreView} scores @param {number} now @param {number} value */
function tilesOf(scores, now, value) {
  const isNow = Math.abs(value - now) < 1e-9;
  /** @param {(value: number) => number | null} read @param {(value: number) => string} show */
  const compared = (read, show) => {
    const [here, before] = [read(value), read(now)];
    if (here === null || before === null) return null;
    return { here: show(here), before: isNow ? null : `now ${show(before)}` };
  };
  return [
    tile(
      'share',
      'To strong',
      compared((at) => shareAt(scores, at), percent),
      '',
    ),
    tile(
      'cost',
      'Cost of 1,000 requests',
      compared((at) => valueAt(scores.usd_per_1k, at), money),
      'set the prices of both models',
    ),
    tile(
      'time',
      'Mean time of an answer',
      compared((at) => valueAt(scores.ms_per_answer, at), duration),
      'known after 20 answers of each model',
    ),
    qualityTile(scores.quality, value),
  ];
}

/** What is missing for a measured quality. */
const unmeasured = {
  no_outcomes: 'needs outcomes: feedback, or comparisons by a judge',
  no_exploration: 'feedback needs an exploration share: only chance shows what the other model would have done', // prettier-ignore
  unlike_propensities:
    'something besides score and chance had a say, such as a cascade: compare both models',
  too_few: 'too few outcomes of each model yet',
};

/**
 * The part of strong's advantage that is kept, where it has a clear one; else the mean quality.
 * @param {ScoreView['quality']} quality @param {number} value
 */
function qualityTile(quality, value) {
  const { missing, outcomes, advantage } = quality;
  const from = `${count(outcomes)} outcomes`;
  if (missing !== null || advantage === null) {
    const why = missing === null ? from : unmeasured[missing];
    return tile('quality', 'Quality kept', null, outcomes === 0 ? why : `${why} (${from})`);
  }
  const kept = advantage.low > 0 ? qualityAt(quality, value, 'pgr') : null;
  const shown = kept ?? qualityAt(quality, value, 'quality');
  const before = shown && `${percent(shown.low, 0)} to ${percent(shown.high, 0)}, ${from}`;
  const label = kept === null ? 'Mean quality of answers' : 'Quality kept';
  return tile('quality', label, shown && { here: percent(shown.value, 0), before }, from);
}

/**
 * @param {string} id @param {string} label
 * @param {{ here: string, before: string | null } | null} value @param {string} missing
 */
function tile(id, label, value, missing) {
  return h(
    'div',
    { class: 'tile', id: `tile-${id}` },
    h('dt', {}, label),
    h('dd', { class: 'value' }, value?.here ?? '–'),
    h('dd', { class: 'about' }, value === null ? missing : (value.before ?? 'in force')),
  );
}
