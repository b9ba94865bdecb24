import type { RequestHandler } from 'express';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { parseFields } from '../request-fields.ts';
import type { StoredComparison, StoredSignal } from '../store/evidence.ts';
import type { StoredFeedback } from '../store/request-record.ts';
import type { AppDeps } from './app.ts';
import { parseJsonObject } from './json-text.ts';
import { readBody } from './read-body.ts';
import { sendJson } from './reply.ts';

const maxCommentChars = 10_000;

const feedbackBody = z.strictObject({
  decision_id: z.string().min(1).max(200),
  value: z.custom<boolean | number>(isVerdict, 'must be true, false or a number from 0 to 1'),
  source: z.string().min(1).max(100).default('user'),
  // A message of its own, since others quote what was found, which a user wrote.
  comment: z
    .custom<string>(isComment, `must be a text of ${maxCommentChars} characters at most`)
    .nullish(),
});

function isComment(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxCommentChars;
}

function isVerdict(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'number' && value >= 0 && value <= 1);
}

/** `POST /v1/router/feedback`: how an answer turned out. The last word of a source stays. */
export function postFeedback(
  deps: Pick<AppDeps, 'log' | 'serving' | 'uploads' | 'inFlight'>,
): RequestHandler {
  return async (req, res) => {
    const { limits, logPolicy } = deps.serving();
    const body = parseJsonObject(await readBody(req, deps), limits.jsonDepth);
    const fields = parseFields(feedbackBody, body.value, 'feedback');
    const { decision_id: decisionId, value, source, comment } = fields;
    const isRunning = deps.inFlight.isRunning(decisionId); // before the log is asked
    const isKnown = await deps.log.recordFeedback({
      decisionId,
      source,
      value: Number(value),
      comment: comment == null ? null : logPolicy.redactText(comment),
    });
    if (!isKnown && isRunning) throw stillRunning(decisionId);
    if (!isKnown) throw unknownDecision(decisionId);
    sendJson(res, 200, { decision_id: decisionId, value: Number(value), source });
  };
}

/** `GET /v1/router/feedback/{id}`: all that was said and found of a decision, each kind apart. */
export function getFeedback(deps: Pick<AppDeps, 'log' | 'inFlight'>): RequestHandler {
  return async (req, res) => {
    const decisionId = String(req.params['id']);
    const isRunning = deps.inFlight.isRunning(decisionId); // before the log is asked
    const evidence = await deps.log.evidenceOf(decisionId);
    if (evidence === null) throw isRunning ? stillRunning(decisionId) : unknownDecision(decisionId);
    sendJson(res, 200, {
      decision_id: decisionId,
      feedback: evidence.feedback.map(feedbackObject),
      signals: evidence.signals.map(signalObject),
      comparisons: evidence.comparisons.map(comparisonObject),
    });
  };
}

function feedbackObject(feedback: StoredFeedback) {
  return {
    value: feedback.value,
    source: feedback.source,
    comment: feedback.comment,
    created_at: feedback.createdAtUtc,
    updated_at: feedback.updatedAtUtc,
  };
}

function signalObject({ kind, value, createdAtUtc }: StoredSignal) {
  return { kind, value, created_at: createdAtUtc };
}

function comparisonObject(comparison: StoredComparison) {
  return {
    strong_win: comparison.strongWin,
    first_verdict: comparison.firstVerdict,
    second_verdict: comparison.secondVerdict,
    origin: comparison.origin,
    judge_model: comparison.judgeModel,
    strong_model: comparison.strongModel,
    weak_model: comparison.weakModel,
    created_at: comparison.createdAtUtc,
  };
}

/** What is not over has no row that could be rated. */
function stillRunning(decisionId: string): AppError {
  return new AppError(
    `The answer of decision ${decisionId} is still being sent; ask again when it has ended.`,
    {
      ...{ status: 409, type: 'invalid_request_error', code: 'decision_running' },
      ...{ param: 'decision_id', headers: { 'retry-after': '1' } },
    },
  );
}

function unknownDecision(decisionId: string): AppError {
  return new AppError(
    `No decision ${JSON.stringify(decisionId.slice(0, 100))} is logged; take the id from the ` +
      'x-pointsman-decision-id header of an answer.',
    {
      status: 404,
      type: 'invalid_request_error',
      code: 'decision_not_found',
      param: 'decision_id',
    },
  );
}
