import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import type { AppError } from '../errors.ts';
import type { Decision } from '../routing/decision.ts';
import { undecided, type RequestFacts } from '../routing/decide.ts';
import { parseModelName } from '../routing/model-name.ts';
import type { RequestRecord } from '../store/request-record.ts';
import { callTarget } from '../upstream/call-target.ts';
import type { AppDeps } from './app.ts';
import { clientName } from './auth.ts';
import { callOf, ClientGoneError, type Call } from './call.ts';
import type { TextRequest } from './chat-request.ts';
import { withKnownFallbacks } from './client-fallbacks.ts';
import { cascadeHeaders, decisionHeaders } from './decision-headers.ts';
import { failureFields, toAppError } from './error-handler.ts';
import { cascade, mayCascade } from './cascade.ts';
import { forward, nothingForwarded, type Forwarded } from './forward.ts';
import { parseJsonObject, type JsonObjectText } from './json-text.ts';
import { toLogRecord } from './log-entry.ts';
import { assertNoLoop } from './loop-guard.ts';
import { readBody } from './read-body.ts';
import { requestFacts } from './request-facts.ts';
import { endBrokenResponse, endBrokenStream, writeChunk } from './reply.ts';
import type { Serving } from './serving.ts';
import { whileInFlight } from './while-in-flight.ts';

/** One decided request on its way to an answer. */
export interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly call: Call;
  readonly body: JsonObjectText;
  readonly request: TextRequest;
  readonly decision: Decision;
  readonly serving: Serving;
  /** Whether the answer's text is looked at when it has been sent. */
  readonly keepText: boolean;
  /** Tokens whose log-probabilities are asked of the decided group. */
  readonly firstLogprobs?: number;
  /** Whether another answer is given should this one fail. */
  readonly hasAnswer?: boolean;
}

/**
 * `POST /v1/chat/completions`, `/v1/completions` and `/v1/responses`: read, decide, forward, relay;
 * and one log row, however it ends.
 */
export function textCompletions(
  deps: AppDeps,
  parseRequest: (body: JsonObjectText) => TextRequest,
): RequestHandler {
  return async function handleText(req, res) {
    const call = callOf(res);
    assertNoLoop(req.headers, deps.instanceId);
    const text = await readBody(req, deps);
    const serving = deps.serving();
    await whileInFlight(deps.inFlight, res, serving, async () => {
      const body = parseJsonObject(text, serving.limits.jsonDepth);
      const request = withKnownFallbacks(parseRequest(body), serving);
      const requested = parseModelName(request.model, serving.names);
      const facts = requestFacts(req, request, body.value);
      const decision = await serving
        .decide(requested, facts, call.signal)
        .catch((error: unknown) => leftUndecided(deps, { call, request, serving }, facts, error));
      deps.inFlight.decided(call, decision.id);
      setHeaders(res, decisionHeaders(decision));
      const overheadMs = call.elapsedMs();
      deps.metrics.onOverhead(overheadMs);
      setHeaders(res, { 'x-pointsman-overhead-ms': overheadMs.toFixed(2) });
      const { endpoint, messages } = request;
      const keepText = serving.afterAnswer.needsText({
        ...{ decision, endpoint, messages },
        body: body.value,
      });
      await answer(deps, { req, res, call, body, request, decision, serving, keepText });
    });
  };
}

async function answer(deps: AppDeps, exchange: Exchange): Promise<void> {
  const { res, call } = exchange;
  const forwarded: Forwarded = nothingForwarded();
  let ttftMs: number | null = null;
  try {
    for await (const bytes of await send(deps, exchange, forwarded)) {
      if (!res.headersSent) {
        ttftMs = call.elapsedMs();
        writeHead(exchange, forwarded, bytes);
      }
      await writeChunk(res, bytes, call.signal);
    }
    res.end();
    record(200, 'done', null);
  } catch (error) {
    if (error instanceof ClientGoneError) {
      record(499, 'client_abort', null);
      throw error;
    }
    const seen = toAppError(error);
    const outcome = seen.code === 'stream_truncated' ? 'truncated' : 'upstream_error';
    record(res.headersSent ? 200 : seen.status, outcome, seen.code);
    if (!res.headersSent) {
      setHeaders(res, attemptHeaders(exchange, forwarded));
      throw error;
    }
    logBrokenStream(deps, exchange, forwarded, seen);
    endBroken(exchange, forwarded, seen);
  }

  function record(
    status: number,
    outcome: RequestRecord['outcome'],
    errorCode: string | null,
  ): void {
    const { serving, req, request } = exchange;
    const decision = forwarded.cascade?.decision ?? exchange.decision;
    const row = toLogRecord(
      {
        call,
        serving,
        request,
        decision,
        forwarded,
        status,
        outcome,
        errorCode,
        ttftMs,
        url: calledUrl(request, forwarded),
        clientRetryCount: clientRetryCount(req.headers),
      },
      serving.logPolicy,
      serving.embedderId,
    );
    deps.log.append(row);
    const { decisionId, tier, reason, score, upstreamModel: model, durationMs } = row;
    const { requestId } = call;
    const how = { requestId, decisionId, tier, reason, score, model, status, outcome, durationMs };
    deps.logger.debug(how, 'answered');
    serving.afterAnswer.onAnswered({
      decision,
      record: row,
      body: exchange.body.value,
      endpoint: request.endpoint,
      messages: request.messages,
      facts: forwarded.answer?.facts ?? null,
      deployment: forwarded.deployment,
      client: clientName(req),
    });
  }
}

function send(
  deps: AppDeps,
  exchange: Exchange,
  forwarded: Forwarded,
): Promise<AsyncGenerator<Buffer>> {
  const settings = exchange.serving.cascade;
  return settings !== null && mayCascade(exchange)
    ? cascade(deps, exchange, forwarded, settings)
    : forward(exchange, forwarded, deps.instanceId);
}

/** The client left before there was a decision: that is a row, too. */
function leftUndecided(
  deps: AppDeps,
  { call, request, serving }: Pick<Exchange, 'call' | 'request' | 'serving'>,
  facts: RequestFacts,
  error: unknown,
): never {
  if (error instanceof ClientGoneError) {
    const decision = undecided(request.text, serving.precheck(facts).isPrivate, call.elapsedMs());
    const ending = { status: 499, outcome: 'client_abort', errorCode: null, ttftMs: null } as const;
    const forwarded = nothingForwarded();
    const known = { call, request, serving, decision, forwarded };
    const finished = { ...known, url: '', clientRetryCount: null };
    deps.log.append(toLogRecord({ ...finished, ...ending }, serving.logPolicy, null));
  }
  throw error as Error;
}

function writeHead(exchange: Exchange, forwarded: Forwarded, firstBytes: Buffer): void {
  const { res, request } = exchange;
  const { answer, deployment } = forwarded;
  const contentHeaders = request.stream
    ? {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
      }
    : { 'content-type': 'application/json', 'content-length': firstBytes.length };
  setHeaders(res, answer?.headers ?? {});
  setHeaders(res, attemptHeaders(exchange, forwarded));
  const model = answer?.facts.model ?? deployment?.model ?? '';
  res.setHeader('x-pointsman-model', headerText(exchange.serving.redact(model)));
  res.writeHead(200, contentHeaders);
}

/** Where it went is told to those who ask for it (AT-04). */
function attemptHeaders(
  { req, request }: Pick<Exchange, 'req' | 'request'>,
  forwarded: Forwarded,
): Record<string, string> {
  const { attempts, fallbacks, deployment } = forwarded;
  const isDebug = req.headers['x-pointsman-debug'] === 'true' && deployment !== null;
  return {
    'x-pointsman-attempts': String(attempts),
    'x-pointsman-fallbacks': String(fallbacks),
    ...cascadeHeaders(forwarded.cascade),
    ...(isDebug
      ? {
          'x-pointsman-deployment-id': headerText(deployment.id),
          'x-pointsman-upstream-url': calledUrl(request, forwarded),
        }
      : {}),
  };
}

function endBroken({ res, request }: Exchange, { answer }: Forwarded, error: AppError): void {
  if (!request.stream) {
    res.destroy(); // its length is told already: nothing can be said in it
  } else if (request.endpoint === 'responses') {
    endBrokenResponse(res, error, answer?.facts.sequence ?? 0);
  } else endBrokenStream(res, error);
}

function calledUrl({ endpoint }: TextRequest, { deployment }: Forwarded): string {
  return deployment === null ? '' : callTarget(deployment, endpoint).shownUrl;
}

function logBrokenStream(
  deps: AppDeps,
  { call, decision }: Exchange,
  { deployment }: Forwarded,
  error: AppError,
): void {
  const ids = { requestId: call.requestId, decisionId: decision.id, deployment: deployment?.id };
  deps.logger.warn({ ...ids, ...failureFields(error, deps.logger) }, error.message);
}

function setHeaders(res: Response, headers: Readonly<Record<string, string>>): void {
  for (const name in headers) res.setHeader(name, headers[name] ?? '');
}

/** Upstreams may name models in any script; headers take Latin-1 without control characters. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function clientRetryCount(headers: IncomingHttpHeaders): number | null {
  const count = Number(headers['x-stainless-retry-count'] ?? NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : null;
}
