// What would tier T's answer have been worth on each request? Seen on some requests only: by chance
// (exploration, with a known probability), and only where somebody said so. Doubly robust, self-normalised:
//   phi_i = m(x_i) + w_i (y_i - m(x_i)),   w_i = 0 where y_i was not seen,
// m the weighted least-squares line of y on x with the same weights. Within a cell of neighbouring scores
//   w_i = b_i N_cell / sum of b over the cell,   b_i = 1 / P(tier T | request i),
// so that the seen requests of a cell stand for all of its requests: those without a word, those
// logged before exploration, and those that went to the other tier. With the logged probabilities
// right, the mean of phi over any range of scores is right whatever m is; m takes away variance.
// Dudik, Langford, Li 2011 (arXiv:1103.4601); self-normalised: Swaminathan, Joachims 2015.

import { leadingCount } from '../math/leading-count.ts';

/** Values that were seen, of some of the rows. */
export interface Observations {
  /** Indices of rows. */
  readonly rows: Uint32Array;
  /** What was seen there. */
  readonly values: Float64Array;
  /** b of all rows, 1 / P(tier); NaN where no chance decided. Only ratios within a cell matter. */
  readonly weights: Float64Array;
}

export interface ValueEstimator {
  /**
   * Writes phi of every row into `into`, of a resample in which row i was drawn `counts[i]` times. A
   * row that is not drawn has a value, too, but counts for nothing.
   */
  fill(counts: ArrayLike<number>, into: Float64Array): void;
  /**
   * Variance of phi of every row that is to be expected from the probabilities, rather than from
   * the few values that happened to be seen near it: spread(x_i) b_i N_cell / sum of b,
   * the spread being the mean square of the residuals near it, held to that of the cell.
   */
  readonly variances: Float64Array;
}

/** As many cells as there are observations for, of at least these many. */
const fewestOfCell = 10;
const mostCells = 5;

/**
 * @param scores of all rows: neighbours in score make a cell
 * @param feature x of all rows
 * @throws RangeError without any observation
 */
export function createValueEstimator(
  scores: Float64Array,
  feature: Float64Array,
  observations: Observations,
): ValueEstimator {
  const { rows, values, weights } = observations;
  if (rows.length === 0) throw new RangeError('no observation to estimate from');
  const cells = cellsOf(scores, rows);
  const cellCount = 1 + cells.reduce((most, cell) => Math.max(most, cell), 0);
  const drawn = new Float64Array(cellCount);
  const seen = new Float64Array(cellCount);
  const fit = (counts: ArrayLike<number>): Line => {
    drawn.fill(0);
    seen.fill(0);
    for (let i = 0; i < scores.length; i++) drawn[cells[i]!]! += counts[i]!;
    for (const row of rows) seen[cells[row]!]! += counts[row]! * weights[row]!;
    return fitLine((add) => {
      for (let o = 0; o < rows.length; o++) {
        const row = rows[o]!;
        if (counts[row]! > 0) {
          add(feature[row]!, values[o]!, counts[row]! * weights[row]! * scaleOf(row));
        }
      }
    });
  };
  const scaleOf = (row: number): number => drawn[cells[row]!]! / seen[cells[row]!]!;
  const once = new Uint8Array(scores.length).fill(1);
  return {
    fill(counts, into) {
      const { offset, slope } = fit(counts);
      for (let i = 0; i < scores.length; i++) into[i] = offset + slope * feature[i]!;
      for (let o = 0; o < rows.length; o++) {
        const row = rows[o]!;
        if (counts[row]! === 0) continue;
        into[row]! += weights[row]! * scaleOf(row) * (values[o]! - into[row]!);
      }
    },
    variances: expectedVariances(fit(once), scores, feature, observations, scaleOf, cells),
  };
}

/**
 * What a spread is known from counts against this many of what it is believed to be without: the cell's against
 * all cells', that near a row against the cell's. Few values that happen to lie near the line do not make it sure.
 */
const priorOfSpread = 20;
/** Observations on either side of a row, in its cell, that show the spread there. */
const reachOfSpread = 30;

function expectedVariances(
  line: Line,
  scores: Float64Array,
  feature: Float64Array,
  observations: Observations,
  scaleOf: (row: number) => number,
  cells: Uint8Array,
): Float64Array {
  const { weights } = observations;
  const spreadAt = spreads(line, scores, feature, observations, scaleOf, cells);
  const meanWeights = meansOf(weights, cells);
  return feature.map((_, row) => {
    const weight = Number.isNaN(weights[row]) ? meanWeights[cells[row]!]! : weights[row]!;
    return spreadAt(row) * weight * scaleOf(row);
  });
}

/** Mean square of the residuals near a row. */
function spreads(
  { offset, slope }: Line,
  scores: Float64Array,
  feature: Float64Array,
  { rows, values, weights }: Observations,
  scaleOf: (row: number) => number,
  cells: Uint8Array,
): (row: number) => number {
  const order = Array.from(rows.keys()).sort((a, b) => scores[rows[a]!]! - scores[rows[b]!]!);
  const observedScores = Float64Array.from(order, (o) => scores[rows[o]!]!);
  // Sums up to each observation, in the order of scores; a cell is a range of them.
  const squaresUpTo = new Float64Array(order.length + 1);
  const weightUpTo = new Float64Array(order.length + 1);
  const ends = new Uint32Array(mostCells);
  for (const [i, o] of order.entries()) {
    const row = rows[o]!;
    const weight = weights[row]! * scaleOf(row);
    const residual = values[o]! - offset - slope * feature[row]!;
    squaresUpTo[i + 1] = squaresUpTo[i]! + weight * residual ** 2;
    weightUpTo[i + 1] = weightUpTo[i]! + weight;
    ends[cells[row]!] = i + 1;
  }
  const spreadOf = (from: number, to: number, believed: number): number => {
    const weight = weightUpTo[to]! - weightUpTo[from]!;
    const own = weight > 0 ? (squaresUpTo[to]! - squaresUpTo[from]!) / weight : 0;
    return ((to - from) * own + priorOfSpread * believed) / (to - from + priorOfSpread);
  };
  const everywhere = squaresUpTo.at(-1)! / weightUpTo.at(-1)!;
  const startOf = (cell: number): number => (cell === 0 ? 0 : ends[cell - 1]!);
  const ofCells = Array.from(ends, (end, cell) => spreadOf(startOf(cell), end, everywhere));
  return (row) => {
    const cell = cells[row]!;
    const at = leadingCount(observedScores, (score) => score < scores[row]!);
    const from = Math.max(startOf(cell), at - reachOfSpread);
    const to = Math.min(ends[cell]!, at + reachOfSpread);
    return spreadOf(from, to, ofCells[cell]!);
  };
}

/** Mean of each cell's known values. */
function meansOf(values: Float64Array, cells: Uint8Array): Float64Array {
  const sums = new Float64Array(mostCells);
  const counts = new Float64Array(mostCells);
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) continue;
    sums[cells[i]!]! += value;
    counts[cells[i]!]!++;
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

/** The regression alone, without correction: for what no chance decided. An assumption, not evidence. */
export function createLineEstimator(
  feature: Float64Array,
  { rows, values }: Observations,
): Pick<ValueEstimator, 'fill'> {
  if (rows.length === 0) throw new RangeError('no observation to estimate from');
  return {
    fill(counts, into) {
      const { offset, slope } = fitLine((add) => {
        for (const [o, row] of rows.entries()) add(feature[row]!, values[o]!, counts[row]!);
      });
      for (let i = 0; i < feature.length; i++) into[i] = offset + slope * feature[i]!;
    },
  };
}

/** Cell of each row: fifths of all scores, joined until each holds enough observations. */
function cellsOf(scores: Float64Array, observed: Uint32Array): Uint8Array {
  const ordered = Float64Array.from(scores).sort();
  const bounds: number[] = [];
  for (let cell = 1; cell < mostCells; cell++) {
    bounds.push(ordered[Math.floor((cell * ordered.length) / mostCells)]!);
  }
  const observedIn = (low: number, high: number): number => {
    let count = 0;
    for (const row of observed) if (scores[row]! >= low && scores[row]! < high) count++;
    return count;
  };
  const kept: number[] = [];
  for (const bound of bounds) {
    const isEnough =
      observedIn(kept.at(-1) ?? -Infinity, bound) >= fewestOfCell &&
      observedIn(bound, Infinity) >= fewestOfCell;
    if (isEnough) kept.push(bound);
  }
  return Uint8Array.from(scores, (score) => {
    let cell = 0;
    while (cell < kept.length && score >= kept[cell]!) cell++;
    return cell;
  });
}

type AddPoint = (x: number, y: number, weight: number) => void;

interface Line {
  readonly offset: number;
  readonly slope: number;
}

/** Weighted least squares; level where x does not vary. */
function fitLine(each: (add: AddPoint) => void): Line {
  let [sum, sumX, sumY, sumXX, sumXY] = [0, 0, 0, 0, 0];
  each((x, y, weight) => {
    sum += weight;
    sumX += weight * x;
    sumY += weight * y;
    sumXX += weight * x * x;
    sumXY += weight * x * y;
  });
  if (sum === 0) return { offset: 0, slope: 0 };
  const [meanX, meanY] = [sumX / sum, sumY / sum];
  const spread = sumXX / sum - meanX * meanX;
  const slope = spread > 1e-12 * (1 + meanX * meanX) ? (sumXY / sum - meanX * meanY) / spread : 0;
  return { offset: meanY - slope * meanX, slope };
}
