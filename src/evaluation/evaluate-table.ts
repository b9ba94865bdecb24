import { seededRandom } from '../math/random.ts';
import {
  areaUnder,
  createCurve,
  createRandomCurve,
  curveApgr,
  curveCalls,
  qualityAt,
  type CurvePoint,
} from '../training/evaluate-metrics.ts';
import { calibrationOf } from './calibrate-scores.ts';
import { equalWeights, type ComparedRow } from './compared-rows.ts';
import type { Contender } from './contenders.ts';
import { recoveries, type Difference, type Table, type TableRow } from './evaluation.ts';
import {
  percentileEstimate,
  interval95,
  resampleQuestions,
} from '../training/question-bootstrap.ts';

/** Estimated cost of each row's answer by either model, in US dollars. */
export interface RowCosts {
  readonly strong: readonly number[];
  readonly weak: readonly number[];
}

export interface TableInput {
  readonly source: string;
  readonly rows: readonly ComparedRow[];
  readonly contenders: readonly Contender[];
  readonly costs: RowCosts | null;
  readonly resamples: number;
  readonly seed: number;
}

type CurveOf = (counts?: ArrayLike<number>) => CurvePoint[];

const bandShares = Array.from({ length: 21 }, (_, i) => i / 20);

/** Each source weighs the same, whatever its number of rows. */
export function evaluateTable(input: TableInput): Table {
  const { rows, contenders, costs, source, seed } = input;
  const weights = equalWeights(rows);
  const strong = rows.map((row) => row.strong);
  const weak = rows.map((row) => row.weak);
  const draws = resampleQuestions(rows, seededRandom(seed), input.resamples, (counts) => counts);
  const curvesOf = (
    { scores }: Contender,
    values: { strong: readonly number[]; weak: readonly number[] },
  ): CurveOf =>
    scores === null
      ? createRandomCurve({ ...values, weights }, seededRandom(0))
      : createCurve({ ...values, scores, weights });
  const measured = contenders.map((contender) => {
    const curveOf = curvesOf(contender, { strong, weak });
    const resampled = draws.map((counts) => curveOf(counts));
    const costCurve = costs && curvesOf(contender, costs)();
    return { contender, curve: curveOf(), resampled, apgrs: resampled.map(curveApgr), costCurve };
  });
  const { curve, resampled } = measured[0]!;
  const gapOf = (points: readonly CurvePoint[]): number =>
    points.at(-1)!.quality - points[0]!.quality;
  const oracle = weightedMean(
    rows.map((row) => Math.max(row.strong, row.weak)),
    weights,
  );
  const won = rows.map((row) => (row.strong > row.weak ? 1 : 0));
  const routers = measured.filter(({ contender }) => contender.kind === 'router');
  return {
    source,
    prompts: rows.length,
    questions: new Set(rows.map(({ key }) => key)).size,
    quality: { weak: curve[0]!.quality, strong: curve.at(-1)!.quality, oracle },
    gap: percentileEstimate(gapOf(curve), resampled.map(gapOf)),
    rows: [
      ...measured.map(tableRow).sort((a, b) => (b.apgr?.value ?? -9) - (a.apgr?.value ?? -9)),
      boundRow(
        'always-strong',
        { share: 1, quality: curve.at(-1)!.quality },
        costs && weightedMean(costs.strong, weights),
      ),
      boundRow(
        'always-weak',
        { share: 0, quality: curve[0]!.quality },
        costs && weightedMean(costs.weak, weights),
      ),
    ],
    differences: routers.flatMap((router) =>
      measured
        .filter(({ contender }) => contender.kind === 'floor')
        .map((floor) => difference(router, floor)),
    ),
    calibration: routers.map(({ contender: { name, scores } }) =>
      calibrationOf({ router: name, scores: scores ?? [], won, weights }, draws),
    ),
  };
}

interface Measured {
  readonly contender: Contender;
  readonly curve: readonly CurvePoint[];
  readonly resampled: readonly (readonly CurvePoint[])[];
  readonly apgrs: readonly number[];
  readonly costCurve: readonly CurvePoint[] | null;
}

function tableRow({ contender, curve, resampled, apgrs, costCurve }: Measured): TableRow {
  return {
    name: contender.name,
    kind: contender.kind,
    apgr: percentileEstimate(curveApgr(curve), apgrs),
    area: areaUnder(curve),
    calls: recoveries.map((recovered) => {
      const share = percentileEstimate(
        curveCalls(curve, recovered),
        resampled.map((points) => curveCalls(points, recovered)),
      );
      const usd =
        costCurve === null || share.value === null ? null : qualityAt(costCurve, share.value);
      return {
        recovered,
        share,
        usdPer1000: usd === null ? null : 1000 * usd,
        saving: usd === null ? null : savingOf(usd, costCurve!.at(-1)!.quality),
      };
    }),
    usdPer1000: null,
    curve,
    band: bandShares.flatMap((share) => {
      const interval = interval95(resampled.map((points) => qualityAt(points, share)));
      return interval === null ? [] : [{ share, low: interval[0], high: interval[1] }];
    }),
  };
}

/** Null where there is nothing to save. */
function savingOf(usd: number, alwaysStrong: number): number | null {
  return alwaysStrong === 0 ? null : 1 - usd / alwaysStrong;
}

function boundRow(name: string, point: CurvePoint, usd: number | null): TableRow {
  return {
    ...{ name, kind: 'bound', apgr: null, area: point.quality, calls: [] },
    usdPer1000: usd === null ? null : 1000 * usd,
    ...{ curve: [point], band: [] },
  };
}

function difference(router: Measured, floor: Measured): Difference {
  return {
    router: router.contender.name,
    floor: floor.contender.name,
    apgr: percentileEstimate(
      curveApgr(router.curve) - curveApgr(floor.curve),
      router.apgrs.map((apgr, i) => apgr - floor.apgrs[i]!),
    ),
  };
}

function weightedMean(values: readonly number[], weights: readonly number[]): number {
  let [sum, total] = [0, 0];
  for (const [i, value] of values.entries()) {
    sum += weights[i]! * value;
    total += weights[i]!;
  }
  return sum / total;
}
