import { ApiError, get } from './api.js';
import { byId, fill, h } from './dom.js';
import { mountDrift } from './drift.js';
import { mountErrors } from './errors.js';
import { mountFigures } from './figures.js';
import { mountHead } from './head.js';
import { mountLatency } from './latency.js';
import { mountRequestView } from './request-view.js';
import { mountRequests } from './requests.js';
import { mountScores } from './scores.js';
import { mountTraffic } from './traffic.js';

/*
 * The page: asks for the overview once a second with the entity tag of what it shows (the server
 * answers 304 from memory while nothing has changed), and gives it to each part.
 */

/** @typedef {import('../api-types.ts').Overview} Overview */

const pollMs = 1000;
const longestPauseMs = 10_000;
/** @type {Record<string, string>} */
const ranges = { '15m': '15 min', '1h': '1 h', '6h': '6 h', '24h': '24 h', '7d': '7 days', '30d': '30 days', all: 'all' }; // prettier-ignore

let range = new URLSearchParams(location.search).get('range') ?? '24h';
if (!(range in ranges)) range = '24h';
/** @type {string | null} */
let etag = null;
/** @type {AbortController | null} */
let pausing = null;

const view = mountRequestView();
const requests = mountRequests({ range: () => range, open: view.open, onError: () => wake() });
const parts = [
  mountFigures(),
  mountTraffic(),
  mountScores({ onApplied: wake }),
  mountLatency(),
  mountDrift(),
  mountErrors({ open: view.open }),
  mountHead(),
  requests.update,
];

mountRanges();
mountEmpty();
document.addEventListener('visibilitychange', wake);
void poll();

async function poll() {
  for (let failures = 0; ;) {
    if (document.visibilityState === 'visible') {
      const asked = range;
      try {
        /** @type {{ body: Overview, etag: string | null } | null} */
        const reply = await get(`overview?range=${range}`, { etag });
        failures = 0;
        setLive('live', 'live');
        if (asked !== range) continue;
        if (reply !== null) {
          etag = reply.etag;
          show(reply.body);
        }
      } catch (error) {
        failures++;
        const isRefused = error instanceof ApiError && error.status === 403;
        setLive('lost', isRefused ? 'closed' : 'not connected');
        note('connection', error instanceof ApiError ? error.message : 'The server does not answer; trying again.'); // prettier-ignore
      }
      if (failures === 0) note('connection', null);
    }
    await pause(failures === 0 ? pollMs : Math.min(longestPauseMs, pollMs * 2 ** failures));
  }
}

/** Waits, unless something calls for an answer now. @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  const controller = new AbortController();
  pausing = controller;
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, document.visibilityState === 'visible' ? ms : 2 ** 31 - 1);
    controller.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function wake() {
  pausing?.abort();
}

/** @param {Overview} overview */
function show(overview) {
  const { server, traffic } = overview;
  const isEmpty = traffic.logged_requests === 0;
  byId('empty').hidden = !isEmpty;
  byId('content').hidden = isEmpty;
  fill(
    byId('pair'),
    ...[h('span', { class: 'key', 'data-colour': 'strong' }, server.models.strong.name)],
    ...[h('span', { class: 'key', 'data-colour': 'weak' }, server.models.weak.name)],
  );
  const { prompts, failure, dropped } = server.log;
  note('log', failure === null ? null : `The request log cannot be written: ${failure}`);
  note('dropped', dropped === 0 ? null : `${dropped} rows of the request log were lost.`);
  note('demo', server.demo ? 'Both models are simulated: routing and the log are real, answers are not.' : null); // prettier-ignore
  const isQuiet = !isEmpty && traffic.totals.requests === 0;
  note('quiet', isQuiet ? `No request in this range; ${traffic.logged_requests} in the whole log: choose a longer one.` : null); // prettier-ignore
  byId('foot').textContent =
    `pointsman ${server.version} · log_prompts: ${prompts} · nothing on this page leaves this server`;
  if (isEmpty) return;
  for (const update of parts) update(overview);
}

/** @param {string} id @param {string | null} text null takes it away */
function note(id, text) {
  const known = document.getElementById(`note-${id}`);
  if (text === null) known?.remove();
  else if (known !== null) known.textContent = text;
  else byId('notes').append(h('p', { class: 'note', id: `note-${id}` }, text));
}

/** @param {string} state @param {string} text */
function setLive(state, text) {
  const live = byId('live');
  if (live.dataset['state'] === state && live.textContent === text) return;
  live.dataset['state'] = state;
  live.textContent = text;
}

function mountRanges() {
  for (const [name, text] of Object.entries(ranges)) {
    const input = h('input', { type: 'radio', name: 'range', value: name, id: `range-${name}`, onchange: choose }); // prettier-ignore
    input.checked = name === range;
    byId('ranges').append(input, h('label', { for: `range-${name}` }, text));
  }

  /** @param {{ target: HTMLInputElement }} event */
  function choose({ target }) {
    range = target.value;
    etag = null;
    const url = new URL(location.href);
    url.searchParams.set('range', range);
    history.replaceState(null, '', url);
    void requests.restart();
    wake();
  }
}

function mountEmpty() {
  const body = '{"model":"auto","messages":[{"role":"user","content":"What is 17 times 23?"}]}';
  const base = location.href.replace(/\/dashboard.*$/, '');
  const line = `curl ${base}/v1/chat/completions -H 'content-type: application/json' -d '${body}'`;
  byId('curl').textContent = line;
  byId('copy-curl').addEventListener('click', () => void navigator.clipboard?.writeText(line));
}
