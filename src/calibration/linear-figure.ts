// Every figure of a curve is, to first order, a mean over the rows of c_strong phi_strong + c_weak phi_weak.
// Two things follow from the coefficients c that resampling alone does not tell:
// - The error that the probabilities behind phi make certain. A threshold near the end of the scores rests on
//   few outcomes; where these happen to agree, their resamples show no spread at all.
// - The skewness, which BCa intervals need: a = sum psi^3 / (6 (sum psi^2)^1.5) of the influences psi
//   (Efron 1987, DiCiccio and Efron 1996, eq. 6.6).

/** Both tiers' estimates of every row, with the variances to be expected; see `value-estimator.ts`. */
export interface RowEstimates {
  readonly strong: Float64Array;
  readonly weak: Float64Array;
  readonly variances: {
    readonly strong: Float64Array;
    readonly weak: Float64Array;
    /** Covariance. */
    readonly both: Float64Array;
  };
}

export interface Coefficients {
  readonly strong: number;
  readonly weak: number;
}

export type LinearFigure = (row: number) => Coefficients;

/** Standard error to be expected, and the acceleration of BCa. */
export function spreadOf(
  figure: LinearFigure,
  { strong, weak, variances }: RowEstimates,
): { readonly leastError: number; readonly acceleration: number } {
  const n = strong.length;
  const values = new Float64Array(n);
  let [variance, sum] = [0, 0];
  for (let i = 0; i < n; i++) {
    const c = figure(i);
    variance +=
      c.strong * c.strong * variances.strong[i]! +
      c.weak * c.weak * variances.weak[i]! +
      2 * c.strong * c.weak * variances.both[i]!;
    values[i] = c.strong * strong[i]! + c.weak * weak[i]!;
    sum += values[i]!;
  }
  let [squares, cubes] = [0, 0];
  for (const value of values) {
    const influence = value - sum / n;
    squares += influence ** 2;
    cubes += influence ** 3;
  }
  return {
    leastError: Math.sqrt(Math.max(0, variance)) / n,
    acceleration: squares > 0 ? cubes / (6 * squares ** 1.5) : 0,
  };
}

/** Variance, to be expected, of the mean gain of strong over weak: of the rows sent to strong and the others. */
export function gainVariances(
  isStrong: (row: number) => boolean,
  { variances }: RowEstimates,
): { readonly sent: number; readonly kept: number } {
  const { strong, weak, both } = variances;
  let [sent, kept] = [0, 0];
  for (let i = 0; i < strong.length; i++) {
    const variance = strong[i]! + weak[i]! - 2 * both[i]!;
    if (isStrong(i)) sent += variance;
    else kept += variance;
  }
  return { sent: sent / strong.length ** 2, kept: kept / strong.length ** 2 };
}

const onlyStrong: Coefficients = { strong: 1, weak: 0 };
const onlyWeak: Coefficients = { strong: 0, weak: 1 };
const difference: Coefficients = { strong: 1, weak: -1 };

export const weakFigure: LinearFigure = () => onlyWeak;
export const strongFigure: LinearFigure = () => onlyStrong;
export const advantageFigure: LinearFigure = () => difference;

/** Quality of the policy that sends the rows of `isStrong` to strong. */
export function qualityFigure(isStrong: (row: number) => boolean): LinearFigure {
  return (row) => (isStrong(row) ? onlyStrong : onlyWeak);
}

/** PGR = mean of [is strong] gain / mean of gain; its derivative is ([is strong] - PGR) gain / advantage. */
export function pgrFigure(
  isStrong: (row: number) => boolean,
  pgr: number,
  advantage: number,
): LinearFigure {
  const [kept, lost] = [gainTimes((1 - pgr) / advantage), gainTimes(-pgr / advantage)];
  return (row) => (isStrong(row) ? kept : lost);
}

/** PGR of one policy less that of another. */
export function pgrGainFigure(
  isStrong: (row: number) => boolean,
  isOther: (row: number) => boolean,
  gain: number,
  advantage: number,
): LinearFigure {
  const [none, more, less] = [0, 1, -1].map((sign) => gainTimes((sign - gain) / advantage));
  return (row) => {
    if (isStrong(row) === isOther(row)) return none!;
    return isStrong(row) ? more! : less!;
  };
}

function gainTimes(factor: number): Coefficients {
  return { strong: factor, weak: -factor };
}
