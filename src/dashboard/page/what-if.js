/* What a threshold would do, from the counts that the server sent. Pure. */

/** @typedef {import('../api-types.ts').ScoreView} ScoreView */

export const steps = 1000;

/**
 * Share of the scores at or above a threshold. Between two steps it is interpolated.
 * @param {ScoreView} scores @param {number} threshold
 */
export function shareAt({ counts, count }, threshold) {
  const at = Math.min(steps, threshold * steps);
  const below = Math.floor(at + 1e-9);
  let above = 0;
  for (let i = below; i <= steps; i++) above += counts[i] ?? 0;
  return (above - (at - below) * (counts[below] ?? 0)) / count;
}

/**
 * The value of a curve of 1001 points, interpolated.
 * @param {readonly number[] | null} curve @param {number} threshold
 */
export function valueAt(curve, threshold) {
  if (curve === null) return null;
  const at = Math.min(steps, threshold * steps);
  const below = Math.floor(at + 1e-9);
  const low = curve[below] ?? 0;
  const high = curve[Math.min(steps, below + 1)] ?? low;
  return low + (at - below) * (high - low);
}

/**
 * A measured figure at a threshold, with its interval, interpolated.
 * @param {ScoreView['quality']} quality @param {number} threshold @param {'pgr' | 'quality'} name
 * @returns {import('../api-types.ts').Estimated | null}
 */
export function qualityAt({ points }, threshold, name) {
  if (points === null) return null;
  const found = points.findIndex((point) => point.threshold >= threshold);
  const after = found === -1 ? points.length - 1 : found;
  const [low, high] = [points[Math.max(0, after - 1)], points[after]];
  const [from, to] = [low?.[name], high?.[name]];
  if (!low || !high || !from || !to) return null;
  const span = high.threshold - low.threshold;
  const t = span > 0 ? Math.min(1, Math.max(0, (threshold - low.threshold) / span)) : 1;
  /** @param {'value' | 'low' | 'high'} key */
  const mix = (key) => from[key] + t * (to[key] - from[key]);
  return { value: mix('value'), low: mix('low'), high: mix('high') };
}

/**
 * The part of 0..1 that holds the scores and the threshold, with a little air.
 * @param {ScoreView} scores @param {number} threshold @returns {[number, number]}
 */
export function domainOf({ counts }, threshold) {
  const first = counts.findIndex((n) => n > 0) / steps;
  const last = (counts.findLastIndex((n) => n > 0) + 1) / steps;
  const low = Math.max(0, Math.floor(Math.min(first, threshold) * 20 - 0.2) / 20);
  const high = Math.min(1, Math.ceil(Math.max(last, threshold) * 20 + 0.2) / 20);
  return [low, high];
}

/**
 * Counts by bins of one width over a domain: all of a bin, and those of it below the threshold.
 * @param {ScoreView} scores @param {[number, number]} domain @param {number} threshold
 */
export function histogram(scores, [low, high], threshold) {
  const span = Math.max(1, Math.round((high - low) * steps));
  const width = Math.max(1, Math.ceil(span / 60 / 5) * 5);
  const first = Math.round(low * steps);
  const size = Math.ceil(span / width);
  const mid = Array.from({ length: size }, (_, i) => (first + (i + 0.5) * width) / steps);
  const all = new Array(size).fill(0);
  const weak = new Array(size).fill(0);
  const boundary = Math.round(threshold * steps);
  scores.counts.forEach((n, i) => {
    const bin = Math.min(size - 1, Math.max(0, Math.floor((i - first) / width)));
    all[bin] += n;
    if (i < boundary) weak[bin] += n;
  });
  return { mid, all, weak, width: width / steps };
}
