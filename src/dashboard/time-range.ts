import type { RangeName } from './api-types.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const spansMs: Readonly<Record<Exclude<RangeName, 'all'>, number>> = {
  '15m': 15 * minuteMs,
  '1h': hourMs,
  '6h': 6 * hourMs,
  '24h': dayMs,
  '7d': 7 * dayMs,
  '30d': 30 * dayMs,
};

/** Widths that a reader can name, from 10 s to 30 days. */
const bucketsMs = [
  ...[10_000, 30_000],
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minuteMs),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 7, 30].map((days) => days * dayMs),
];
const mostBuckets = 96;

export interface TimeRange {
  readonly name: RangeName;
  /** Begin of the first bucket. */
  readonly fromMs: number;
  /** End of the last bucket, which holds the present moment. */
  readonly toMs: number;
  readonly bucketMs: number;
}

/**
 * The range that ends now, cut into at most 97 whole buckets. `oldestMs` is the begin of `all`.
 * Its bounds change only when a bucket is over, so that an idle page is not sent the same again.
 */
export function timeRange(name: RangeName, nowMs: number, oldestMs: number | null): TimeRange {
  const spanMs = name === 'all' ? Math.max(nowMs - (oldestMs ?? nowMs), 15 * minuteMs) : spansMs[name]; // prettier-ignore
  const widest = bucketsMs[bucketsMs.length - 1]!;
  const bucketMs = bucketsMs.find((width) => spanMs / width <= mostBuckets) ?? widest;
  const toMs = (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  const fromMs = Math.floor((nowMs - spanMs) / bucketMs) * bucketMs;
  return { name, fromMs, toMs, bucketMs };
}
