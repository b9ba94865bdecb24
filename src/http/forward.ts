import { BadRequestError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { ChatAnswer } from '../upstream/openai-client.ts';
import type { AppDeps } from './app.ts';
import type { Exchange } from './chat-completions.ts';
import { viaHeaders } from './loop-guard.ts';
import { upstreamBody } from './upstream-body.ts';

/** How far the forwarding came; read by the log when it failed half-way. */
export interface Forwarded {
  /** Upstream calls sent. */
  attempts: number;
  answer: ChatAnswer | null;
}

type ForwardDeps = Pick<AppDeps, 'upstream' | 'instanceId'>;

/**
 * Sends a request to its deployment and gives the answer's bytes. A deployment that refuses to
 * report a stream's usage is asked again without, once, and remembered.
 */
export function createForward(deps: ForwardDeps) {
  const refusesUsage = new Set<Deployment>();

  return async function forward(
    exchange: Exchange,
    forwarded: Forwarded,
  ): Promise<AsyncIterable<Buffer>> {
    const { deployment } = exchange;
    try {
      forwarded.answer = await send(exchange, forwarded, !refusesUsage.has(deployment));
    } catch (error) {
      if (!isUsageRefusal(exchange, error) || refusesUsage.has(deployment)) throw error;
      refusesUsage.add(deployment);
      forwarded.answer = await send(exchange, forwarded, false);
    }
    return forwarded.answer.body;
  };

  function send(exchange: Exchange, forwarded: Forwarded, askUsage: boolean): Promise<ChatAnswer> {
    const { req, call, body, request, deployment } = exchange;
    const chat = {
      body: upstreamBody(body, request, deployment, askUsage),
      stream: request.stream,
      stripUsage: request.stream && !request.wantsUsage,
      headers: { 'x-request-id': call.requestId, ...viaHeaders(req.headers, deps.instanceId) },
    };
    forwarded.attempts++;
    return deps.upstream.chat(deployment, chat, call.signal);
  }
}

function isUsageRefusal({ request }: Exchange, error: unknown): boolean {
  return (
    request.stream &&
    !request.wantsUsage &&
    error instanceof BadRequestError &&
    /stream_options|include_usage/.test(error.message)
  );
}
