import type { IncomingHttpHeaders } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { joinApiUrl, withoutCredentials } from '../base-url.ts';
import type { AppError } from '../errors.ts';
import type { Decision } from '../routing/decision.ts';
import { parseModelName } from '../routing/model-name.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { AppDeps } from './app.ts';
import { ClientGoneError, openCall, type Call } from './call.ts';
import { parseChatRequest, type ChatRequest } from './chat-request.ts';
import { decisionHeaders } from './decision-headers.ts';
import { toAppError } from './error-handler.ts';
import { createForward, type Forwarded } from './forward.ts';
import { parseJsonObject, type JsonObjectText } from './json-text.ts';
import { toLogRecord } from './log-entry.ts';
import { assertNoLoop } from './loop-guard.ts';
import { readBody } from './read-body.ts';
import { endBrokenStream, writeChunk } from './reply.ts';

/** One decided request on its way to an answer. */
export interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly call: Call;
  readonly body: JsonObjectText;
  readonly request: ChatRequest;
  readonly decision: Decision;
  readonly deployment: Deployment;
}

/** `POST /v1/chat/completions`: read, decide, forward, relay; and one log row, however it ends. */
export function chatCompletions(deps: AppDeps): RequestHandler {
  const forward = createForward(deps);

  return async function handleChat(req, res) {
    const call = openCall(req, res);
    res.setHeader('x-request-id', call.requestId);
    res.setHeader('x-pointsman-request-id', call.requestId);
    const leave = deps.inFlight.enter(call);
    try {
      assertNoLoop(req.headers, deps.instanceId);
      const body = parseJsonObject(
        await readBody(req, deps.limits.bodyBytes),
        deps.limits.jsonDepth,
      );
      const request = parseChatRequest(body);
      const requested = parseModelName(request.model, deps.names);
      const decision = await deps.decide(requested, request.text, call.signal);
      const deployment = deps.deployments[decision.tier];
      setHeaders(res, decisionHeaders(decision));
      setHeaders(res, { 'x-pointsman-overhead-ms': call.elapsedMs().toFixed(2) });
      await answer(deps, forward, { req, res, call, body, request, decision, deployment });
    } finally {
      leave();
    }
  };
}

async function answer(
  deps: AppDeps,
  forward: (exchange: Exchange, forwarded: Forwarded) => Promise<AsyncIterable<Buffer>>,
  exchange: Exchange,
): Promise<void> {
  const { res, call, request, deployment } = exchange;
  const forwarded: Forwarded = { attempts: 0, answer: null };
  let ttftMs: number | null = null;
  try {
    const chunks = await forward(exchange, forwarded);
    for await (const bytes of chunks) {
      if (!res.headersSent) {
        ttftMs = call.elapsedMs();
        writeHead(res, request, deployment, forwarded, bytes);
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
      setHeaders(res, attemptHeaders(forwarded));
      throw error;
    }
    logBrokenStream(deps, exchange, seen);
    endBrokenStream(res, seen);
  }

  function record(status: number, outcome: Outcome, errorCode: string | null): void {
    const finished = {
      ...exchange,
      url: withoutCredentials(joinApiUrl(deployment.baseUrl, 'chat/completions')),
      facts: forwarded.answer?.facts ?? null,
      attempts: forwarded.attempts,
      clientRetryCount: clientRetryCount(exchange.req.headers),
      ...{ status, outcome, errorCode, ttftMs },
    };
    deps.log.append(toLogRecord(finished, deps.logPrompts, deps.embedderId));
  }
}

type Outcome = Parameters<typeof toLogRecord>[0]['outcome'];

function writeHead(
  res: Response,
  request: ChatRequest,
  deployment: Deployment,
  forwarded: Forwarded,
  firstBytes: Buffer,
): void {
  const { answer } = forwarded;
  const contentHeaders = request.stream
    ? {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-cache',
        'x-accel-buffering': 'no',
      }
    : { 'content-type': 'application/json', 'content-length': firstBytes.length };
  res.socket?.setNoDelay(true);
  res.writeHead(200, {
    ...answer?.headers,
    ...attemptHeaders(forwarded),
    'x-pointsman-model': headerText(answer?.facts.model ?? deployment.model),
    ...contentHeaders,
  });
}

function attemptHeaders(forwarded: Forwarded): Record<string, string> {
  return { 'x-pointsman-attempts': String(forwarded.attempts), 'x-pointsman-fallbacks': '0' };
}

function logBrokenStream(deps: AppDeps, exchange: Exchange, error: AppError): void {
  const { call, deployment, decision } = exchange;
  deps.logger.warn(
    { requestId: call.requestId, decisionId: decision.id, code: error.code, cause: error.cause },
    `${error.message} (${deployment.tier} model ${deployment.model})`,
  );
}

function setHeaders(res: Response, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}

/** Upstreams may name models in any script; headers take Latin-1 without control characters. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200);
}

function clientRetryCount(headers: IncomingHttpHeaders): number | null {
  const count = Number(headers['x-stainless-retry-count'] ?? NaN);
  return Number.isSafeInteger(count) && count >= 0 ? count : null;
}
