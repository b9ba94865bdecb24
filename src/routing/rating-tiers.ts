/**
 * Tier (0 = best) of each rating: the cut of the sorted ratings into `count` runs with the least sum
 * of within-run variances (population variance, not squares), by dynamic programming (RouteLLM,
 * `compute_tiers`).
 *   best[t][j] = min over i of best[t - 1][i] + var(sorted[i .. j - 1])
 */
export function ratingTiers(ratings: ArrayLike<number>, count: number): Uint8Array {
  const n = ratings.length;
  const tiers = Math.min(count, n);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => ratings[j]! - ratings[i]!);
  const sums = new Float64Array(n + 1);
  const squares = new Float64Array(n + 1);
  for (const [place, i] of order.entries()) {
    // Relative to the best one, so that the squares lose no digits.
    const value = ratings[i]! - ratings[order[0]!]!;
    sums[place + 1] = sums[place]! + value;
    squares[place + 1] = squares[place]! + value * value;
  }
  const variance = (from: number, to: number): number => {
    const mean = (sums[to]! - sums[from]!) / (to - from);
    return Math.max(0, (squares[to]! - squares[from]!) / (to - from) - mean * mean);
  };
  const width = n + 1;
  const best = new Float64Array((tiers + 1) * width).fill(Infinity);
  const cut = new Uint32Array((tiers + 1) * width);
  best[0] = 0;
  for (let t = 1; t <= tiers; t++) {
    for (let j = t; j <= n; j++) {
      for (let i = t - 1; i < j; i++) {
        const loss = best[(t - 1) * width + i]! + variance(i, j);
        if (loss >= best[t * width + j]!) continue;
        best[t * width + j] = loss;
        cut[t * width + j] = i;
      }
    }
  }
  const result = new Uint8Array(n);
  for (let t = tiers, end = n; t >= 1; t--) {
    const start = cut[t * width + end]!;
    for (let place = start; place < end; place++) result[order[place]!] = t - 1;
    end = start;
  }
  return result;
}
