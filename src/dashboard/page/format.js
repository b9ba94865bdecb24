/* Numbers, money and times in words, short and in the reader's own language. */

const none = '–';

/** @param {number | null} value */
export function count(value) {
  return value === null ? none : value.toLocaleString();
}

/** @param {number} value such as 0.1234 @param {number} [digits] */
export function percent(value, digits = 1) {
  return `${(value * 100).toLocaleString(undefined, { maximumFractionDigits: digits })} %`;
}

/** @param {number | null} value a score or threshold */
export function score(value) {
  return value === null ? none : value.toLocaleString(undefined, { minimumFractionDigits: 3, maximumFractionDigits: 3 }); // prettier-ignore
}

/** US dollars; small sums with the digits that matter. @param {number | null} value */
export function money(value) {
  if (value === null) return none;
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size === 0) return '$0';
  if (size < 0.01)
    return `${sign}$${size.toLocaleString(undefined, { maximumSignificantDigits: 2 })}`;
  if (size < 1000) return `${sign}$${size.toFixed(2)}`;
  return `${sign}$${Math.round(size).toLocaleString()}`;
}

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return none;
  const size = Math.abs(ms);
  const sign = ms < 0 ? '−' : '';
  if (size < 10) return `${sign}${size.toFixed(1)} ms`;
  if (size < 1000) return `${sign}${Math.round(size)} ms`;
  if (size < 60_000) return `${sign}${(size / 1000).toFixed(size < 10_000 ? 2 : 1)} s`;
  if (size < 3_600_000) return `${sign}${(size / 60_000).toFixed(1)} min`;
  if (size < 48 * 3_600_000) return `${sign}${(size / 3_600_000).toFixed(1)} h`;
  return `${sign}${(size / 86_400_000).toFixed(1)} days`;
}

/** @param {string} iso */
export function moment(iso) {
  return new Date(iso).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The time today, the day before. @param {string} iso */
export function shortMoment(iso) {
  const date = new Date(iso);
  const isToday = date.toDateString() === new Date().toDateString();
  const time = date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false }); // prettier-ignore
  if (isToday) return time;
  return `${date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })}, ${time}`;
}

/** A word of the log, such as `embedding_failed`, for people. @param {string} word */
export function words(word) {
  return word.replaceAll('_', ' ');
}
