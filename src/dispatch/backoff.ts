const firstMs = 500;
const longestMs = 8000;

/**
 * Exponential backoff with full jitter: uniform in (0, min(8 s, 0.5 s * 2^retry)), but never
 * below `leastMs`. (AWS Architecture Blog, "Exponential Backoff And Jitter".)
 *
 * @param retry 0 before the first retry
 * @param random uniform in [0, 1)
 */
export function backoffMs(retry: number, leastMs: number, random: () => number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** retry);
  return Math.max(leastMs, random() * ceiling);
}
