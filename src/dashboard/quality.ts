import { curve } from '../calibration/curve.ts';
import type { Estimate } from '../calibration/interval.ts';
import { quantile, sorted } from '../math/quantile.ts';
import type { RouterKey, TrafficQueries } from '../store/traffic-queries.ts';
import type { Estimated, QualityView } from './api-types.ts';

/** Requests that are valued: the newest. With the resamples, about a second of the reader thread. */
const mostRows = 10_000;
const resamples = 200;
/** Thresholds that are valued, at quantiles of the scores; the page interpolates. */
const parts = 32;
/** Outcomes that come in are valued together, this often at most. */
const restMs = 30_000;

/** Measured quality by threshold, of all outcomes of a router version whatever the range is. */
export function createQualityReader(
  queries: Pick<TrafficQueries, 'calibrationRows' | 'evidenceMark'>,
): (key: RouterKey, nowMs: number) => QualityView {
  let last: { mark: string; view: QualityView; untilMs: number } | null = null;
  return (key, nowMs) => {
    const mark = JSON.stringify([key, queries.evidenceMark()]);
    if (last?.mark === mark) return last.view;
    const isOfAnother = last !== null && !last.mark.startsWith(JSON.stringify([key]).slice(0, -1));
    if (last !== null && !isOfAnother && nowMs < last.untilMs) return last.view;
    const view = readQuality(queries, key);
    last = { mark, view, untilMs: nowMs + restMs };
    return view;
  };
}

function readQuality(
  queries: Pick<TrafficQueries, 'calibrationRows'>,
  key: RouterKey,
): QualityView {
  const rows = queries.calibrationRows(key, mostRows);
  const outcomes = rows.filter(
    ({ explicit, strongWin }) => (explicit ?? strongWin) !== null,
  ).length;
  if (outcomes === 0) {
    return { outcomes, missing: 'no_outcomes', advantage: null, points: null };
  }
  const scores = sorted(rows.map(({ score }) => score));
  const quantiles = Array.from({ length: parts + 1 }, (_, i) => quantile(scores, i / parts));
  const thresholds = [...new Set([0, ...quantiles, 1])].sort((a, b) => a - b);
  const { noQuality, quality, points } = curve(rows, thresholds, { resamples });
  return {
    outcomes,
    missing: noQuality,
    advantage: quality && estimated(quality.advantage),
    points:
      quality &&
      points.map((point) => ({
        threshold: point.threshold,
        quality: point.quality && estimated(point.quality),
        pgr: point.pgr && estimated(point.pgr),
      })),
  };
}

function estimated({ value, interval95: [low, high] }: Estimate): Estimated {
  const [shown, from, to] = [value, low, high].map((one) => Number(one.toPrecision(4)));
  return { value: shown!, low: from!, high: to! };
}
