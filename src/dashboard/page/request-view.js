import { get } from './api.js';
import { byId, fill, h } from './dom.js';
import { count, duration, moment, money, percent, score, shortMoment, words } from './format.js';
import { facts } from './head.js';
import { comparedText, outcomeChips } from './requests.js';

/** @typedef {import('../api-types.ts').RequestDetail} RequestDetail */

/** One request in a dialog: why it was routed so, how it went, and what was like it. */
export function mountRequestView() {
  const dialog = /** @type {HTMLDialogElement} */ (byId('request'));
  let wanted = '';
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close(); // beside it
  });

  /** @param {string} id */
  async function open(id) {
    wanted = id;
    if (!dialog.open) {
      fill(
        dialog,
        frame('Request', h('p', { class: 'about', role: 'status' }, 'Reading the log …')),
      );
      dialog.showModal();
    }
    try {
      /** @type {{ body: RequestDetail } | null} */
      const reply = await get(`requests/${encodeURIComponent(id)}`);
      if (reply === null || wanted !== id) return;
      fill(dialog, frame(title(reply.body), ...parts(reply.body)));
      dialog.scrollTop = 0;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      fill(dialog, frame('Request', h('p', { class: 'bad', role: 'alert' }, message)));
    }
  }

  /** @param {string} text @param {...(Node | false)} inner */
  function frame(text, ...inner) {
    return h(
      'article',
      {},
      h(
        'header',
        { class: 'head' },
        h('h2', { id: 'request-title' }, text),
        h('button', { type: 'button', class: 'quiet', autofocus: true, onclick: () => dialog.close() }, 'Close'), // prettier-ignore
      ),
      ...inner,
    );
  }

  /** @param {RequestDetail} detail */
  function parts({ request, feedback, comparisons, signals, nearest, searched, explanation }) {
    const hasEvidence = feedback.length + comparisons.length + signals.length > 0;
    return [
      h('p', { class: 'about' }, `${moment(request.started_at)} · `, h('code', {}, request.decision_id)), // prettier-ignore
      request.prompt_text !== null && h('pre', { class: 'text', tabindex: 0 }, request.prompt_text),
      part('Why', why(request), explanation && reasons(explanation, request.score)),
      part(
        'How it went',
        h('p', {}, went(request)),
        ...feedback.map(
          ({ source, value, comment }) =>
          h('p', {}, h('span', { class: 'chip', 'data-level': value >= 0.5 ? 'stable' : 'strong' }, value.toFixed(2)), ` ${source}${comment === null ? '' : `: ${comment}`}`), // prettier-ignore
        ),
        ...comparisons.map(
          ({ judge_model, strong_win, origin }) =>
          h('p', {}, h('span', { class: 'chip' }, comparedText(strong_win)), ` says ${judge_model} (${origin})`), // prettier-ignore
        ),
        ...signals.map(
          ({ kind, value }) =>
          h('p', {}, h('span', { class: 'chip', 'data-level': value >= 0.5 ? 'stable' : 'strong' }, value.toFixed(2)), ` ${words(kind)}`), // prettier-ignore
        ),
        !hasEvidence && h('p', { class: 'about' }, 'Nobody has said how good the answer was.'),
      ),
      part('Nearest logged prompts', ...neighbours(nearest, searched)),
      part('Details', details(request)),
    ];
  }

  /** @param {RequestDetail['nearest']} nearest @param {number} searched */
  function neighbours(nearest, searched) {
    if (searched === 0) {
      return [h('p', { class: 'about' }, 'No vector of this prompt is logged, or no other one.')];
    }
    const list = nearest.map((one) =>
      h(
        'li',
        {},
        h('span', { class: 'similarity', title: 'cosine' }, one.similarity.toFixed(3)),
        h('span', { class: 'badge', 'data-tier': one.tier }, one.tier),
        h('button', { type: 'button', class: 'link prompt', onclick: () => void open(one.decision_id) }, one.prompt ?? `${shortMoment(one.started_at)}, score ${score(one.score)}`), // prettier-ignore
        h('span', { class: 'chips' }, one.times > 1 && h('span', { class: 'quiet' }, `asked ${count(one.times)} times`), ...outcomeChips(one)), // prettier-ignore
      ),
    );
    const about = `By the cosine of their vectors, of the ${count(searched)} newest.`;
    return [h('ul', { class: 'nearest' }, ...list), h('p', { class: 'about' }, about)];
  }

  return { open: (/** @type {string} */ id) => void open(id) };
}

/** @param {RequestDetail} detail */
function title({ request: { tier, model } }) {
  return tier === 'none' ? model : `${tier === 'strong' ? 'Strong' : 'Weak'}: ${model}`;
}

/** @param {string} name @param {...(Node | false | null)} inner */
function part(name, ...inner) {
  return h('section', {}, h('h3', {}, name), ...inner);
}

/** @param {RequestDetail['request']} request */
function why({ score: value, threshold, tier, reason, reason_detail, propensity, router }) {
  const because = reason_detail === null ? words(reason) : `${words(reason)}: ${reason_detail}`;
  if (value === null || threshold === null) return h('p', {}, `Not scored (${because}).`);
  const sentence =
    value >= threshold
      ? `Score ${score(value)} is at or above the threshold ${score(threshold)}: strong.`
      : `Score ${score(value)} is below the threshold ${score(threshold)}: weak.`;
  const isOther = (value >= threshold ? 'strong' : 'weak') !== tier;
  const needle = h('i', { class: 'needle' });
  needle.style.left = `${value * 100}%`;
  const boundary = h('i', { class: 'boundary' });
  boundary.style.left = `${threshold * 100}%`;
  return h(
    'div',
    {},
    h('p', {}, sentence, ` By router ${router ?? '?'}.`),
    h('div', { class: 'scale', 'aria-hidden': 'true' }, boundary, needle),
    reason !== 'score' && h('p', {}, isOther ? `But ${tier} was asked (${because}).` : `Decided by ${because}.`), // prettier-ignore
    propensity !== null && propensity < 1 && h('p', { class: 'about' }, `This tier had a chance of ${percent(propensity)}.`), // prettier-ignore
  );
}

/** @param {NonNullable<RequestDetail['explanation']>} explanation @param {number | null} logged */
function reasons({ reasons: list, expected_quality: quality, score: now }, logged) {
  const most = Math.max(...list.map(({ contribution }) => Math.abs(contribution)), 1e-9);
  const isOther = logged !== null && Math.abs(now - logged) > 0.005;
  return h(
    'div',
    {},
    h(
      'ul',
      { class: 'reasons' },
      ...list.map(({ name, contribution }) => {
        const bar = h('i', { 'data-colour': contribution >= 0 ? 'strong' : 'weak' });
        bar.style.width = `${(Math.abs(contribution) / most) * 50}%`;
        bar.style.left =
          contribution >= 0 ? '50%' : `${50 - (Math.abs(contribution) / most) * 50}%`;
        return h('li', {}, h('span', {}, name), h('span', { class: 'bar', 'aria-hidden': 'true' }, bar), h('span', { class: 'number' }, `${contribution >= 0 ? '+' : '−'}${Math.abs(contribution).toFixed(2)}`)); // prettier-ignore
      }),
    ),
    h(
      'p',
      { class: 'about' },
      'What each group of evidence, and each topic that the prompt reads like, adds to the logit; to the right it speaks for strong.' +
        (quality === null
          ? ''
          : ` Expected quality: strong ${percent(quality.strong, 0)}, weak ${percent(quality.weak, 0)}.`) + // prettier-ignore
        (isOther ? ` Explained on the text as it is kept, which scores ${score(now)}.` : ''),
    ),
  );
}

/** @param {RequestDetail['request']} request */
function went({ outcome, status, error_code, fallbacks, model, attempts }) {
  if (outcome === 'client_abort') return 'The client left before the end.';
  const after = attempts > 1 ? ` after ${attempts} calls` : '';
  if (outcome !== 'done' || status >= 400) {
    return `Failed${after}: ${words(error_code ?? outcome)}, status ${status}.`;
  }
  return fallbacks > 0 ? `Answered by ${model}${after}, since the decided model failed.` : `Answered${after}.`; // prettier-ignore
}

/** @param {RequestDetail['request']} request */
function details(request) {
  const estimated = request.is_usage_estimated ? ' (estimated)' : '';
  const cached = request.cached_tokens ? ` (${count(request.cached_tokens)} cached)` : '';
  return facts([
    ['Asked for', request.requested_model],
    ['Called', `${request.upstream_model} at ${request.upstream_url}`],
    request.failed_calls !== null && ['Failed before', request.failed_calls],
    ['Tokens', `${count(request.prompt_tokens)} in${cached}, ${count(request.completion_tokens)} out${estimated}`], // prettier-ignore
    ['Cost', money(request.cost_usd)],
    ['First token', duration(request.ttft_ms)],
    ['Whole answer', `${duration(request.duration_ms)}${request.is_stream ? ', streamed' : ''}`],
    ['Decision', duration(request.decision_ms)],
    request.finish_reason !== null && ['Finish reason', request.finish_reason],
    request.confidence !== null && ['Mean log-probability', request.confidence.toFixed(3)],
    request.is_private && ['Private', 'yes: shown to no judge and no other model'],
    ['Endpoint', request.endpoint],
    ['Router version', request.router_version ?? '–'],
    ['Request id', h('code', {}, request.request_id)],
  ]);
}
