import type { Request, RequestHandler, Response } from 'express';
import type { Embedder } from '../embedding/embedder.ts';
import { BadRequestError, ModelNotFoundError } from '../errors.ts';
import { newDecisionId } from '../routing/decision-id.ts';
import { unscored, type Decision } from '../routing/decision.ts';
import { callTarget } from '../upstream/call-target.ts';
import { estimateTokens } from '../upstream/token-estimate.ts';
import type { AppDeps } from './app.ts';
import { callOf, ClientGoneError, type Call } from './call.ts';
import { embeddingsBody, reencodeEmbeddings } from './embeddings-body.ts';
import { parseEmbeddingsRequest, type EmbeddingsRequest } from './embeddings-request.ts';
import { toAppError } from './error-handler.ts';
import { nothingForwarded, type Forwarded } from './forward.ts';
import { parseJsonObject, withMembers, type JsonObjectText } from './json-text.ts';
import { toLogRecord } from './log-entry.ts';
import { assertNoLoop, viaHeaders } from './loop-guard.ts';
import { readBody } from './read-body.ts';
import { endWith, sendJson } from './reply.ts';
import type { EmbeddingsServing, Serving } from './serving.ts';
import { whileInFlight } from './while-in-flight.ts';

interface Exchange {
  readonly req: Request;
  readonly res: Response;
  readonly call: Call;
  readonly body: JsonObjectText;
  readonly request: EmbeddingsRequest;
  readonly serving: Serving;
  readonly forwarded: Forwarded;
  readonly decision: Decision;
}

/** What our own encoder answered, for the log. */
interface OwnAnswer {
  readonly model: string;
  readonly tokens: number;
  /** Whether any of them were estimated. */
  readonly isEstimated: boolean;
}

/**
 * `POST /v1/embeddings`: by the configured upstream, or by the encoder that the router has anyway.
 * Nothing is routed: vectors of two models cannot be compared.
 */
export function postEmbeddings(deps: AppDeps): RequestHandler {
  return async (req, res) => {
    const call = callOf(res);
    assertNoLoop(req.headers, deps.instanceId);
    const text = await readBody(req, deps);
    const serving = deps.serving();
    const body = parseJsonObject(text, serving.limits.jsonDepth);
    await whileInFlight(deps.inFlight, res, serving, async () => {
      const request = parseEmbeddingsRequest(body);
      const { own, upstream } = serving.embeddings;
      const isUpstream = upstream?.deployment.model === request.model;
      if (!isUpstream && (own === null || !namesOf(own).includes(request.model))) {
        throw notFound(request.model, serving.embeddings);
      }
      const decision = notDecided();
      res.setHeader('x-pointsman-decision-id', decision.id);
      res.setHeader('x-pointsman-tier', decision.tier);
      res.setHeader('x-pointsman-reason', decision.reason);
      const forwarded = nothingForwarded();
      const exchange = { req, res, call, body, request, serving, forwarded, decision };
      await recorded(deps, exchange, () =>
        isUpstream || own === null
          ? askUpstream(exchange, deps.instanceId)
          : embedHere(exchange, own),
      );
    });
  };
}

async function recorded(
  { log }: AppDeps,
  exchange: Exchange,
  answer: () => Promise<OwnAnswer | null>,
): Promise<void> {
  try {
    record(200, 'done', null, await answer());
  } catch (error) {
    const { signal } = exchange.call;
    // What an abort breaks off may fail with an error of its own.
    const cause: unknown = signal.aborted ? signal.reason : error;
    const seen = toAppError(cause);
    if (cause instanceof ClientGoneError) record(499, 'client_abort', null, null);
    else record(seen.status, 'upstream_error', seen.code, null);
    throw cause as Error;
  }

  function record(
    status: number,
    outcome: 'done' | 'client_abort' | 'upstream_error',
    errorCode: string | null,
    own: OwnAnswer | null,
  ): void {
    const { request, serving, forwarded } = exchange;
    const { deployment, answer } = forwarded;
    const { model, chars: promptChars } = request;
    const logged = { endpoint: 'embeddings', model, stream: false, promptChars } as const;
    const url = deployment === null ? '' : callTarget(deployment, 'embeddings').shownUrl;
    const ending = { url, status, outcome, errorCode, ttftMs: null, clientRetryCount: null };
    const finished = { ...exchange, ...ending, request: logged };
    const row = toLogRecord(finished, serving.logPolicy, null);
    log.append({
      ...row,
      // Vectors are no tokens: there are none to count, and none to estimate.
      completionTokens: row.promptTokens === null ? null : 0,
      usageEstimated: answer !== null && answer.facts.promptTokens === null,
      ...(own && {
        upstreamModel: own.model,
        promptTokens: own.tokens,
        completionTokens: 0,
        usageEstimated: own.isEstimated,
      }),
    });
  }
}

async function askUpstream(exchange: Exchange, instanceId: string): Promise<null> {
  const { req, res, call, body, request, serving, forwarded } = exchange;
  const { upstream } = serving.embeddings;
  if (upstream === null) throw new Error('there is no embeddings upstream');
  const wanted = { numRetries: null, fallbacks: [], disableFallbacks: true };
  const demands = { promptTokens: 0, needs: [], isLocalOnly: false };
  const bytes = await upstream.dispatcher.dispatch(
    { ...wanted, ...demands, group: upstream.deployment.group, requestId: call.requestId },
    forwarded,
    async (lease) => {
      const { deployment } = lease;
      const answer = await serving.upstream.ask(
        deployment,
        {
          path: 'embeddings',
          body: withMembers(body, {
            model: JSON.stringify(deployment.model),
            encoding_format: '"float"', // every server has it; the client gets what it asked for
          }),
          ...{ stream: false, stripUsage: false },
          headers: { 'x-request-id': call.requestId, ...viaHeaders(req.headers, instanceId) },
          onResend: () => forwarded.attempts++,
        },
        call.signal,
      );
      forwarded.answer = answer;
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      const encoded = reencodeEmbeddings(Buffer.concat(chunks), request);
      lease.succeed();
      return encoded;
    },
    call.signal,
  );
  res.writeHead(200, {
    ...forwarded.answer?.headers,
    'x-pointsman-model': upstream.deployment.model.replace(/[^\x20-\x7e]/g, '?'),
    'x-pointsman-attempts': String(forwarded.attempts),
    'content-type': 'application/json',
    'content-length': bytes.length,
  });
  endWith(res, bytes);
  return null; // the log reads the upstream's answer itself
}

/** Texts in one go to the encoder: prompts that wait to be routed come in between. */
const textsAtOnce = 4;

async function embedHere({ res, call, request }: Exchange, own: Embedder): Promise<OwnAnswer> {
  const { texts, dimensions, encoding } = request;
  if (texts === null) {
    throw new BadRequestError(`"input" must be text: ${own.id} takes no token ids.`, {
      param: 'input',
    });
  }
  if (dimensions !== null && dimensions !== own.dimensions) {
    throw new BadRequestError(`"dimensions" must be ${own.dimensions} with ${own.id}.`, {
      ...{ param: 'dimensions', code: 'unsupported_parameter' },
    });
  }
  const vectors: Float32Array[] = [];
  let tokens = 0;
  let isEstimated = false;
  for (let i = 0; i < texts.length; i += textsAtOnce) {
    const some = texts.slice(i, i + textsAtOnce);
    for (const [j, embedding] of (await own.embed(some, call.signal.toAbortSignal())).entries()) {
      vectors.push(embedding.vector);
      tokens += embedding.tokens ?? estimateTokens(some[j]?.length ?? 0);
      isEstimated ||= embedding.tokens === null;
    }
    call.signal.throwIfAborted();
  }
  sendJson(res, 200, embeddingsBody(own.id, vectors, tokens, encoding), {
    'x-pointsman-model': own.id.replace(/[^\x20-\x7e]/g, '?'),
    'x-pointsman-attempts': '0',
  });
  return { model: own.id, tokens, isEstimated };
}

function namesOf({ id }: Embedder): string[] {
  return ['local', id];
}

function notFound(model: string, { own, upstream }: EmbeddingsServing): ModelNotFoundError {
  const known = [...(upstream ? [upstream.deployment.model] : []), ...(own ? namesOf(own) : [])];
  return new ModelNotFoundError(
    `There is no embedding model ${JSON.stringify(model.slice(0, 80))} here. ` +
      (known.length > 0
        ? `Known: ${known.join(', ')}.`
        : 'None is configured: the operator can set embeddings_upstream.'),
  );
}

/** Nothing was scored, and no tier answers. */
function notDecided(): Decision {
  return {
    ...{ id: newDecisionId(), tier: 'none', group: 'embeddings', reason: 'bypass' },
    ...{ ...unscored, text: null, decisionMs: 0 },
  };
}
