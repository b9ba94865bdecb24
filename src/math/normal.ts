// Error function: Abramowitz, Stegun 7.1.26 is good to 1.5e-7, which is enough for quantiles of a
// thousand resamples. Inverse: one step of Newton's method from the rational start of 26.2.23.

/** P(Z <= z) of a standard normal Z; error below 1e-7. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = (series * Math.exp(-x * x)) / 2;
  return z < 0 ? tail : 1 - tail;
}

/** z with P(Z <= z) = p; p in (0, 1), infinite at its ends. Error below 1e-4 for p in 1e-4 .. 1 - 1e-4. */
export function normalQuantile(p: number): number {
  if (p <= 0) return -Infinity;
  if (p >= 1) return Infinity;
  const tail = Math.min(p, 1 - p);
  const t = Math.sqrt(-2 * Math.log(tail));
  const start =
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) /
      (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  const density = Math.exp((-start * start) / 2) / Math.sqrt(2 * Math.PI);
  const z = start + (1 - normalCdf(start) - tail) / density;
  return p < 0.5 ? -z : z;
}
