// Bradley-Terry by maximum likelihood, as RouteLLM computes Elo: logistic regression without
// intercept and penalty, one column a player of +-ln 10, every battle twice, a tie being one win each.
//   P(i beats j) = 1 / (1 + 10^(c_j - c_i)),   R = 400 c + 1000
// The likelihood depends on nothing but wins [n x n], wins[i][j] = (weighted) number of times that i
// beat j; a battle within one player says nothing and is left out (RouteLLM: a column of -ln 10).
// Newton's method on theta = c ln 10. Only differences count: the mean is kept at 0.
import { solvePositive } from '../math/cholesky.ts';
import { sigmoid } from '../math/vector.ts';

const maxSteps = 60;
/** Largest change of theta in the last step. */
const tolerance = 1e-9;
/**
 * Relative weight of theta^2 in the loss: keeps a player that never lost finite, and moves others by
 * less than a thousandth of a rating point.
 */
const ridge = 1e-9;
/** Newton's steps are shortened to this, so that the first ones cannot overshoot. */
const longestStep = 2;

/** theta [n] that maximises the likelihood of `wins` [n x n]; `start` speeds it up. */
export function fitBradleyTerry(
  wins: Float64Array,
  n: number,
  start: Float64Array = new Float64Array(n),
): Float64Array {
  const theta = start.slice();
  const gradient = new Float64Array(n);
  const hessian = new Float64Array(n * n);
  let total = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (i !== j) total += wins[i * n + j]!;
  if (total === 0) return theta.fill(0);
  const penalty = ridge * total;
  for (let step = 0; step < maxSteps; step++) {
    // A constant times the all-ones matrix holds the mean, on which the likelihood does not depend.
    hessian.fill(total / (n * n));
    for (let i = 0; i < n; i++) {
      gradient[i] = penalty * theta[i]!;
      hessian[i * n + i]! += penalty;
    }
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        const won = wins[i * n + j]!;
        const both = won + wins[j * n + i]!;
        if (both === 0) continue;
        const p = sigmoid(theta[i]! - theta[j]!);
        const slope = both * p - won;
        gradient[i]! += slope;
        gradient[j]! -= slope;
        const curvature = both * p * (1 - p);
        hessian[i * n + i]! += curvature;
        hessian[j * n + j]! += curvature;
        hessian[i * n + j]! -= curvature;
        hessian[j * n + i]! -= curvature;
      }
    }
    const change = solvePositive(hessian, gradient, n);
    let longest = 0;
    for (const value of change) longest = Math.max(longest, Math.abs(value));
    const scale = longest > longestStep ? longestStep / longest : 1;
    for (let i = 0; i < n; i++) theta[i]! -= scale * change[i]!;
    if (longest < tolerance) break;
  }
  return theta;
}
