import type { DispatchTrace } from '../dispatch/dispatcher.ts';
import { classifyFailure } from '../dispatch/failure-class.ts';
import type { Lease } from '../dispatch/group-pool.ts';
import { BadRequestError } from '../errors.ts';
import type { Deployment } from '../upstream/deployment.ts';
import type { UpstreamAnswer } from '../upstream/openai-client.ts';
import type { Cascaded } from './cascade.ts';
import type { Exchange } from './chat-completions.ts';
import { ClientGoneError } from './call.ts';
import { viaHeaders } from './loop-guard.ts';
import { isSealRefused, withoutSealedThoughts } from './sealed-thoughts.ts';
import { upstreamBody, type Extras } from './upstream-body.ts';

/** How far the forwarding came; read by the log also when it failed half-way. */
export interface Forwarded extends DispatchTrace {
  answer: UpstreamAnswer | null;
  /** What a cascade made of the decision; null without one. */
  cascade: Cascaded | null;
}

export function nothingForwarded(): Forwarded {
  return {
    attempts: 0,
    fallbacks: 0,
    deployment: null,
    failed: null,
    replaced: [],
    answer: null,
    cascade: null,
  };
}

/**
 * Deployments that refused what we ask beyond the client's wishes; they are not asked again, not
 * even where the client asks for the usage itself: it gets its answer without.
 */
const refusers: Readonly<Record<keyof Extras, WeakSet<Deployment>>> = {
  usage: new WeakSet(),
  logprobs: new WeakSet(),
};

/** How a refusal names it. */
const refusals: Readonly<Record<keyof Extras, RegExp>> = {
  usage: /stream_options|include_usage/,
  logprobs: /logprobs/,
};

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
  const { call, decision, request, serving, hasAnswer = false } = exchange;
  const wanted = {
    hasAnswer,
    requestId: call.requestId,
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
  const { request } = exchange;
  let { body } = exchange;
  for (;;) {
    const extras = extrasFor(exchange, deployment);
    const text = upstreamBody(body, request, deployment, extras);
    try {
      return await sendOnce(exchange, forwarded, deployment, text, instanceId);
    } catch (error) {
      const refused = refusedExtra(extras, request, error);
      const unsealed = isSealRefused(error) ? withoutSealedThoughts(body) : null;
      if (refused === null && unsealed === null) throw error;
      if (refused !== null) refusers[refused].add(deployment);
      body = unsealed ?? body;
      forwarded.attempts++;
    }
  }
}

function extrasFor(
  { request, body, decision, firstLogprobs = 0 }: Exchange,
  deployment: Deployment,
): Extras {
  const wants = (extra: keyof Extras, isWanted: boolean) =>
    isWanted && !refusers[extra].has(deployment);
  return {
    usage: wants('usage', request.asksUsage),
    logprobs: wants(
      'logprobs',
      firstLogprobs > 0 && deployment.group === decision.group && !asksLogprobs(body),
    ),
  };
}

/** Whether the client wants the tokens' log-probabilities itself. */
export function asksLogprobs({ value }: Exchange['body']): boolean {
  return value['logprobs'] === true;
}

function refusedExtra(
  extras: Extras,
  { streamOptions }: Exchange['request'],
  error: unknown,
): keyof Extras | null {
  if (!(error instanceof BadRequestError)) return null;
  // What else a client puts there may be its own mistake.
  const isPlain = Object.keys(streamOptions ?? {}).every((name) => name === 'include_usage');
  const names = isPlain ? (['usage', 'logprobs'] as const) : (['logprobs'] as const);
  return names.find((name) => extras[name] && refusals[name].test(error.message)) ?? null;
}

function sendOnce(
  { req, call, request, serving, keepText, firstLogprobs }: Exchange,
  forwarded: Forwarded,
  deployment: Deployment,
  body: string,
  instanceId: string,
): Promise<UpstreamAnswer> {
  const upstreamCall = {
    path: request.endpoint,
    body,
    stream: request.stream,
    stripUsage: request.asksUsage && !request.wantsUsage,
    keepText,
    ...(firstLogprobs !== undefined && { firstLogprobs }),
    headers: { 'x-request-id': call.requestId, ...viaHeaders(req.headers, instanceId) },
    onResend: () => forwarded.attempts++,
  };
  return serving.upstream.ask(deployment, upstreamCall, call.signal);
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
