import { z } from 'zod';
import { BadRequestError } from '../errors.ts';
import { parseFields } from '../request-fields.ts';
import { requestEvidence, requestResults, type RequestCursor } from '../store/request-list-queries.ts'; // prettier-ignore
import { rangeNames, type RangeName } from './api-types.ts';
import type { RequestListQuestion } from './reader-messages.ts';
import { timeRange } from './time-range.ts';

const range = z.enum(rangeNames).default('24h');
const score = z.coerce.number().min(0).max(1).optional();

const overviewQuery = z.strictObject({ range });

const requestsQuery = z.strictObject({
  range: range.default('all'),
  limit: z.coerce.number().int().min(1).max(200).default(25),
  before: z.string().max(300).optional(),
  tier: z.enum(['strong', 'weak', 'none']).optional(),
  reason: z.string().max(100).optional(),
  result: z.enum(requestResults).optional(),
  evidence: z.enum(requestEvidence).optional(),
  min_score: score,
  max_score: score,
  text: z.string().max(200).optional(),
});

const thresholdBody = z.strictObject({
  threshold: z.number().min(0).max(1),
  /** The version that the page showed: another one may have been loaded since. */
  router_version: z.string().min(1).max(200),
});

/** @throws BadRequestError naming the parameter, as the two below */
export function parseOverviewQuery(query: unknown): RangeName {
  return parseFields(overviewQuery, query, 'query').range;
}

export function parseRequestsQuery(query: unknown, nowMs: number): RequestListQuestion {
  const { range, limit, before, min_score, max_score, ...rest } = parseFields(
    requestsQuery,
    query,
    'query',
  );
  const { tier = null, reason = null, result = null, evidence = null, text = null } = rest;
  const { fromMs } = timeRange(range, nowMs, null);
  return {
    filter: {
      fromUtc: range === 'all' ? null : new Date(fromMs).toISOString(),
      ...{ tier, reason, result, evidence },
      minScore: min_score ?? null,
      maxScore: max_score ?? null,
      text: text === '' ? null : text,
    },
    cursor: before === undefined ? null : parseCursor(before),
    limit,
  };
}

export function parseThresholdBody(body: unknown): z.infer<typeof thresholdBody> {
  return parseFields(thresholdBody, body, 'body');
}

function parseCursor(text: string): RequestCursor {
  const [, startedAtUtc, decisionId] = /^([^_]+)_(.+)$/.exec(text) ?? [];
  if (startedAtUtc === undefined || decisionId === undefined) {
    throw new BadRequestError('"before" must be the "next" of a page.', { param: 'before' });
  }
  return { startedAtUtc, decisionId };
}
