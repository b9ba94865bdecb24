import { get } from './api.js';
import { byId, fill, h } from './dom.js';
import { count, duration, money, score, shortMoment, words } from './format.js';

/** @typedef {import('../api-types.ts').RequestPage} RequestPage */
/** @typedef {import('../api-types.ts').RequestSummary} RequestSummary */

const columns = [
  ['Time', ''],
  ['Tier', ''],
  ['Prompt', 'grow'],
  ['Score', 'number'],
  ['Result', ''],
  ['First token', 'number wide-only'],
  ['Total', 'number wide-only'],
  ['Tokens', 'number wide-only'],
  ['Cost', 'number wide-only'],
  ['Outcome', ''],
];

/**
 * Logged requests with a filter and pages; the first page follows what comes in.
 * @param {{ range: () => string, open: (decisionId: string) => void, onError: (error: unknown) => void }} deps
 */
export function mountRequests({ range, open, onError }) {
  /** Where the pages so far began; the last one is shown. @type {string[]} */
  let pages = [''];
  /** @type {string | null} */
  let etag = null;
  let next = /** @type {string | null} */ (null);
  let turn = 0;

  const body = h('tbody', {});
  const nothing = h('p', { class: 'nothing', hidden: true }, 'No request fits this filter.');
  const newer = h('button', { type: 'button', class: 'quiet', onclick: () => turnTo(-1) }, 'Newer');
  const older = h('button', { type: 'button', class: 'quiet', id: 'older', onclick: () => turnTo(1) }, 'Older'); // prettier-ignore
  const where = h('p', { class: 'about', role: 'status' });
  fill(
    byId('requests'),
    h(
      'div',
      { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table of requests' },
      h(
        'table',
        { class: 'requests' },
        h('caption', { class: 'hidden' }, 'Requests, the newest first'),
        h('thead', {}, h('tr', {}, ...columns.map(([text, name]) => h('th', { scope: 'col', class: name ?? '' }, text ?? '')))), // prettier-ignore
        body,
      ),
    ),
    nothing,
    h('nav', { class: 'pages', 'aria-label': 'Pages of requests' }, newer, where, older),
  );
  const form = /** @type {HTMLFormElement} */ (byId('filter'));
  fill(
    form,
    choice('tier', 'Tier', { strong: 'strong', weak: 'weak', none: 'other' }),
    choice('result', 'Result', { ok: 'answered', failed: 'failed', fell_back: 'fell back', client_abort: 'client left' }), // prettier-ignore
    choice('evidence', 'Outcome', { explicit: 'with feedback', compared: 'compared', implicit: 'with a signal', bad: 'went badly' }), // prettier-ignore
    choice('reason', 'Decided by', {}),
    h('input', { type: 'search', name: 'text', placeholder: 'Text, id or model', 'aria-label': 'Text, id or model', maxlength: 200 }), // prettier-ignore
  );
  form.addEventListener('submit', (event) => event.preventDefault());
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  form.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(() => void restart(), 250);
  });

  /** @param {1 | -1} direction */
  function turnTo(direction) {
    if (direction === 1 && next !== null) pages.push(next);
    if (direction === -1 && pages.length > 1) pages.pop();
    etag = null;
    void load();
  }

  function restart() {
    pages = [''];
    etag = null;
    return load();
  }

  async function load() {
    const mine = ++turn;
    const query = new URLSearchParams({ range: range(), limit: '25' });
    for (const [name, value] of new FormData(form)) {
      if (typeof value === 'string' && value !== '') query.set(name, value);
    }
    const before = pages[pages.length - 1];
    if (before) query.set('before', before);
    try {
      /** @type {{ body: RequestPage, etag: string | null } | null} */
      const reply = await get(`requests?${query}`, { etag });
      if (reply === null || mine !== turn) return;
      etag = reply.etag;
      show(reply.body);
    } catch (error) {
      onError(error);
    }
  }

  /** @param {RequestPage} page */
  function show(page) {
    next = page.next;
    const focused = document.activeElement?.closest('tr')?.dataset['id'];
    fill(body, ...page.requests.map(row));
    if (focused !== undefined) {
      body.querySelector(`tr[data-id="${CSS.escape(focused)}"] button`)?.dispatchEvent(new Event('refocus')); // prettier-ignore
    }
    nothing.hidden = page.requests.length > 0;
    newer.disabled = pages.length === 1;
    older.disabled = next === null;
    where.textContent = pages.length === 1 ? 'newest first' : `page ${pages.length}`;
  }

  /** @param {RequestSummary} request */
  function row(request) {
    const { decision_id: id, tier, reason } = request;
    const title = request.prompt ?? words(reason);
    const button = h(
      'button',
      { type: 'button', class: 'link prompt', onclick: () => open(id), onrefocus: (event) => event.target.focus() }, // prettier-ignore
      title,
    );
    const cells = [
      h('time', { datetime: request.started_at }, shortMoment(request.started_at)),
      h('span', { class: 'badge', 'data-tier': tier }, tier),
      h('div', {}, button, h('span', { class: 'about' }, modelText(request))),
      score(request.score),
      result(request),
      duration(request.ttft_ms),
      duration(request.duration_ms),
      `${count(request.prompt_tokens)} + ${count(request.completion_tokens)}`,
      money(request.cost_usd),
      h('span', { class: 'chips' }, ...outcomeChips(request)),
    ];
    return h('tr', { 'data-id': id }, ...cells.map((cell, i) => h('td', { class: columns[i]?.[1] ?? '' }, cell))); // prettier-ignore
  }

  return {
    restart,
    /** Follows what came in, and the reasons that there are now. @param {import('../api-types.ts').Overview} overview */
    update({ traffic: { reasons } }) {
      setReasons(/** @type {HTMLSelectElement} */ (form.elements.namedItem('reason')), reasons);
      if (pages.length === 1) void load();
    },
  };
}

/** @param {HTMLSelectElement} select @param {readonly { reason: string }[]} reasons */
function setReasons(select, reasons) {
  const known = new Set([...select.options].map(({ value }) => value));
  for (const { reason } of reasons) {
    if (!known.has(reason)) select.append(h('option', { value: reason }, words(reason)));
  }
}

/** @param {RequestSummary} request */
function modelText({ model, reason, reason_detail }) {
  const why = reason === 'score' ? '' : ` · ${words(reason)}`;
  return `${model}${why}${reason_detail === null ? '' : ` (${reason_detail})`}`;
}

/** @param {RequestSummary} request */
function result({ outcome, status, error_code, fallbacks }) {
  if (outcome === 'client_abort') return h('span', { class: 'quiet' }, 'client left');
  if (outcome !== 'done' || status >= 400) {
    return h('span', { class: 'bad' }, `${words(error_code ?? outcome)}`);
  }
  return fallbacks > 0
    ? h('span', { class: 'warn' }, 'fell back')
    : h('span', { class: 'quiet' }, 'ok');
}

/** How a request went, in a word for each kind of evidence. @param {RequestSummary} request */
export function outcomeChips({ explicit, strong_win, implicit }) {
  /** @param {string} kind @param {string} text @param {string} title @param {string} level */
  const chip = (kind, text, title, level) =>
    h('span', { class: 'chip', 'data-kind': kind, 'data-level': level, title }, text);
  const level = (/** @type {number} */ value) => (value >= 0.5 ? 'stable' : 'strong');
  return [
    explicit !== null && chip('explicit', `${explicit >= 0.5 ? '+' : '−'} ${explicit.toFixed(2)}`, 'mean of all feedback, 0 to 1', level(explicit)), // prettier-ignore
    strong_win !== null && chip('compared', comparedText(strong_win), 'as a judge found', 'none'),
    implicit !== null && chip('implicit', `signal ${implicit.toFixed(2)}`, 'lowest signal of the answer, 0 to 1', level(implicit)), // prettier-ignore
  ].filter((one) => one !== false);
}

/** @param {number} strongWin */
export function comparedText(strongWin) {
  if (strongWin > 0.5) return 'strong better';
  return strongWin < 0.5 ? 'weak better' : 'tie';
}

/** @param {string} name @param {string} label @param {Record<string, string>} options */
function choice(name, label, options) {
  return h(
    'select',
    { name, 'aria-label': label },
    h('option', { value: '' }, `${label}: all`),
    ...Object.entries(options).map(([value, text]) => h('option', { value }, text)),
  );
}
