import { fill, h } from './dom.js';
import { score } from './format.js';

/*
 * The threshold over the histogram: a slider (WAI-ARIA) for pointer and keyboard. Arrows move by
 * 0.01, with Shift by 0.001, Page Up and Page Down by 0.1, Home and End to the ends of the scores.
 */

/**
 * @typedef {object} HandleSettings
 * @property {() => import('./chart.js').Plot | null} plot
 * @property {() => [number, number]} domain
 * @property {() => number} value
 * @property {() => number | null} current the threshold in force
 * @property {(value: number) => void} onMove
 * @property {(value: number) => string} text the value in words, for those who cannot see the rest
 */

/** @param {HTMLElement} host @param {HandleSettings} settings */
export function createHandle(host, { plot, domain, value, current, onMove, text }) {
  let isHeld = false;
  const flag = h('span', { class: 'flag', 'aria-hidden': 'true' });
  const handle = h(
    'div',
    { class: 'handle', role: 'slider', tabindex: 0, id: 'handle', 'aria-label': 'Threshold', 'aria-orientation': 'horizontal' }, // prettier-ignore
    flag,
  );
  const mark = h('div', { class: 'mark', 'aria-hidden': 'true' });
  host.append(mark, handle);

  handle.addEventListener('keydown', (event) => {
    const [low, high] = domain();
    const step = event.shiftKey ? 0.001 : 0.01;
    /** @type {Record<string, number>} */
    const moves = {
      ...{ ArrowLeft: value() - step, ArrowDown: value() - step },
      ...{ ArrowRight: value() + step, ArrowUp: value() + step },
      ...{ PageDown: value() - 0.1, PageUp: value() + 0.1, Home: low, End: high },
    };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    move(to);
  });
  handle.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    handle.setPointerCapture(event.pointerId);
    isHeld = true;
    handle.focus();
    event.preventDefault();
  });
  handle.addEventListener('pointermove', (event) => {
    const shown = plot();
    if (!isHeld || shown === null) return;
    const [low, high] = domain();
    const to = shown.posToVal(event.clientX - shown.over.getBoundingClientRect().left, 'x');
    move(Math.min(high, Math.max(low, to)));
  });
  for (const name of /** @type {const} */ (['pointerup', 'pointercancel', 'lostpointercapture'])) {
    handle.addEventListener(name, () => {
      if (!isHeld) return;
      isHeld = false;
      onMove(value());
    });
  }

  /** @param {number} to */
  function move(to) {
    onMove(Math.min(1, Math.max(0, Math.round(to * 1000) / 1000)));
  }

  return {
    isHeld: () => isHeld,
    /** Puts it where its value is. */
    place() {
      const shown = plot();
      if (shown === null) return;
      const [low, high] = domain();
      const now = value();
      /** @param {number} at */
      const x = (at) => {
        const inside = Math.min(high, Math.max(low, at));
        return `${shown.over.offsetLeft + shown.valToPos(inside, 'x')}px`;
      };
      handle.style.left = x(now);
      fill(flag, score(now));
      handle.setAttribute('aria-valuemin', '0');
      handle.setAttribute('aria-valuemax', '1');
      handle.setAttribute('aria-valuenow', now.toFixed(3));
      handle.setAttribute('aria-valuetext', text(now));
      const inForce = current();
      mark.hidden = inForce === null || Math.abs(inForce - now) < 1e-9;
      if (inForce !== null) mark.style.left = x(inForce);
    },
  };
}
