import type { DispatchTrace } from '../dispatch/dispatcher.ts';
import { classifyFailure } from '../dispatch/failure-class.ts';
import type { Lease } from '../dispatch/group-pool.ts';
import { BadRequestError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { UpstreamAnswer } from '../upstream/openai-client.ts';
import type { Exchange } from './chat-completions.ts';
import { ClientGoneError } from './call.ts';
import { viaHeaders } from './loop-guard.ts';
import { upstreamBody } from './upstream-body.ts';

/** How far the forwarding came; read by the log also when it failed half-way. */
export interface Forwarded extends DispatchTrace {
  answer: UpstreamAnswer | null;
}

/** Deployments that refused to report a stream's usage; they are not asked again. */
const refusesUsage = new WeakSet<Deployment>();

/**
 * Sends a request to the decided group, with its retries and fallbacks, and gives the bytes of the
 * first deployment that has something to show. Whether the deployment did well is known, and told
 * to its breaker, when the last byte has passed.
 */
export async function forward(
  exchange: Exchange,
  forwarded: Forwarded,
  instanceId: string,
): Promise<AsyncGenerator<Buffer>> {
  const { call, decision, request, serving } = exchange;
  const wanted = {
    group: decision.group,
    ...decision.demands,
    ...request.dispatch,
  };
  const { answer, lease } = await serving.dispatcher.dispatch(
    wanted,
    forwarded,
    async (lease) => ({ answer: await send(exchange, forwarded, lease, instanceId), lease }),
    call.signal,
  );
  forwarded.answer = answer;
  return settleLease(answer.body, lease);
}

async function send(
  exchange: Exchange,
  forwarded: Forwarded,
  { deployment }: Lease,
  instanceId: string,
): Promise<UpstreamAnswer> {
  const askUsage = !refusesUsage.has(deployment);
  try {
    return await sendOnce(exchange, forwarded, deployment, askUsage, instanceId);
  } catch (error) {
    if (!askUsage || !isUsageRefusal(exchange, error)) throw error;
    refusesUsage.add(deployment);
    forwarded.attempts++;
    return sendOnce(exchange, forwarded, deployment, false, instanceId);
  }
}

function sendOnce(
  { req, call, body, request, serving, keepText }: Exchange,
  forwarded: Forwarded,
  deployment: Deployment,
  askUsage: boolean,
  instanceId: string,
): Promise<UpstreamAnswer> {
  const upstreamCall = {
    path: request.endpoint,
    body: upstreamBody(body, request, deployment, askUsage),
    stream: request.stream,
    stripUsage: request.stream && !request.wantsUsage,
    keepText,
    headers: { 'x-request-id': call.requestId, ...viaHeaders(req.headers, instanceId) },
    onResend: () => forwarded.attempts++,
  };
  return serving.upstream.ask(deployment, upstreamCall, call.signal);
}

function isUsageRefusal({ request }: Exchange, error: unknown): boolean {
  return (
    request.stream &&
    !request.wantsUsage &&
    error instanceof BadRequestError &&
    /stream_options|include_usage/.test(error.message)
  );
}

async function* settleLease(body: AsyncGenerator<Buffer>, lease: Lease): AsyncGenerator<Buffer> {
  try {
    yield* body;
    lease.succeed();
  } catch (error) {
    if (!(error instanceof ClientGoneError)) lease.fail(classifyFailure(error), null);
    throw error;
  } finally {
    lease.cancel(); // the reader stopped early: no verdict
  }
}
