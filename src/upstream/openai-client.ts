import { Agent } from 'undici';
import type { CancelSignal } from '../cancellation.ts';
import { UpstreamError } from '../errors.ts';
import { emptyFacts, type AnswerFacts } from './answer-facts.ts';
import { callTarget, type ApiPath, type CallTarget } from './call-target.ts';
import type { Deployment } from './deployment.ts';
import { failureOfConnection, failureOfReply, saidBy } from './failure.ts';
import { passedOnHeaders } from './passed-on-headers.ts';
import {
  assertEventStream,
  assertNotCompressed,
  maxErrorBytes,
  readAll,
  readAnswer,
} from './read-answer.ts';
import { redactError, redactHeaders, type Redact } from './redact.ts';
import { createStaleConnections } from './stale-connections.ts';
import { streamFormat } from './stream-format.ts';
import { relayEvents, type StreamOptions } from './stream-reader.ts';
import { UpstreamReply } from './upstream-reply.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';

export interface UpstreamTimeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

export interface UpstreamOptions {
  readonly timeouts: UpstreamTimeouts;
  readonly limits: { readonly answerBytes: number; readonly eventBytes: number };
  readonly userAgent: string;
  /** For all that an upstream says and others are told. */
  readonly redact: Redact;
}

export interface UpstreamCall {
  readonly path: ApiPath;
  /** The request's JSON text with the deployment's model in it. */
  readonly body: string;
  readonly stream: boolean;
  /** The stream's usage chunk was asked for by us alone. */
  readonly stripUsage: boolean;
  /** For `facts.kept`. */
  readonly keepText?: boolean;
  /** Tokens for `facts.logprobs`; 0 for none. */
  readonly firstLogprobs?: number;
  /** Headers of ours, such as x-request-id and the loop guard. */
  readonly headers: Readonly<Record<string, string>>;
  /** Told when the call goes out again, because its connection had died while it was idle. */
  readonly onResend: () => void;
}

export interface UpstreamAnswer {
  readonly url: string;
  /** Upstream headers that clients know how to read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly facts: AnswerFacts;
  /** One buffer for JSON; whole events for a stream, whose failures it throws. Must be read. */
  readonly body: AsyncGenerator<Buffer>;
}

export interface UpstreamClient {
  /**
   * One `POST` to an API path. Resolves when there is something to show: a stream's first
   * content, or a complete and valid JSON body. Until then nothing has reached the client, so
   * another deployment can be asked.
   * @throws AppError of failure.ts; the signal's reason when the client has gone.
   */
  ask(deployment: Deployment, call: UpstreamCall, signal: CancelSignal): Promise<UpstreamAnswer>;
  close(): Promise<void>;
}

/**
 * Calls OpenAI-compatible servers through one keep-alive pool per origin. undici follows no
 * redirect and reads no proxy variable.
 */
export function createUpstreamClient(options: UpstreamOptions): UpstreamClient {
  const { timeouts, limits } = options;
  const stale = createStaleConnections(timeouts.connectMs);
  const agentOptions = {
    connect: stale.connect,
    headersTimeout: 0, // the watchdog's work
    bodyTimeout: 0,
  };
  const agent = new Agent(agentOptions);
  /** Opens a connection for each request. */
  const freshAgent = new Agent({ ...agentOptions, pipelining: 0 });

  function headersOf(deployment: Deployment, call: UpstreamCall): Record<string, string> {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: call.stream ? 'text/event-stream' : 'application/json',
      'accept-encoding': 'identity',
      'user-agent': options.userAgent,
      ...call.headers,
    };
    if (deployment.apiKey !== null)
      headers['authorization'] = `Bearer ${deployment.apiKey.reveal()}`;
    return headers;
  }

  /** @param onSent told of each try, so that it can be aborted */
  async function send(
    deployment: Deployment,
    call: UpstreamCall,
    { origin, path }: CallTarget,
    onSent: (reply: UpstreamReply) => void,
  ): Promise<UpstreamReply> {
    const headers = headersOf(deployment, call);
    const request = { origin, path, method: 'POST', headers, body: call.body } as const;
    try {
      return await UpstreamReply.request(agent, request, onSent);
    } catch (error) {
      if (!stale.isStale(error)) throw error;
      call.onResend();
      return UpstreamReply.request(freshAgent, request, onSent);
    }
  }

  async function ask(
    deployment: Deployment,
    call: UpstreamCall,
    signal: CancelSignal,
  ): Promise<UpstreamAnswer> {
    const target = callTarget(deployment, call.path);
    const { url } = target;
    let sent: UpstreamReply | null = null;
    const totalMs = deployment.timeoutMs ?? timeouts.totalMs;
    const watchdog = createWatchdog(
      signal,
      totalMs,
      () => timeoutError(deployment, target, `no complete answer within ${totalMs} ms`),
      (reason) => sent?.abort(reason),
    );
    const expectChunk = () => watchdog.expect(timeouts.idleMs, () => idleError(deployment, target));
    // A stream timeout runs until the first content, whatever comes before it.
    const streamTimeoutMs = call.stream ? deployment.streamTimeoutMs : null;
    const headersMs = deployment.headersTimeoutMs ?? timeouts.headersMs;
    watchdog.expect(streamTimeoutMs ?? headersMs, () =>
      timeoutError(deployment, target, call.stream ? 'no first content' : 'no response headers'),
    );
    /** Any failure as ours; a watchdog's or client's reason as it is. */
    const failure = (error: unknown): Error =>
      watchdog.reason() ?? redactError(failureOfConnection(deployment, url, error), options.redact);
    const facts = emptyFacts(call.keepText, call.firstLogprobs);
    let isReadingEvents = false;
    try {
      const reply = await send(deployment, call, target, (next) => {
        sent = next;
        const reason = watchdog.reason();
        if (reason !== null) next.abort(reason);
      });
      assertNotCompressed(deployment, url, reply, options.redact);
      const isAnswer = reply.status >= 200 && reply.status < 300;
      if (streamTimeoutMs === null || !isAnswer) expectChunk();
      if (!isAnswer) {
        const bytes = await readAll(reply, maxErrorBytes, 'cut', watchdog.refresh);
        throw failureOfReply(deployment, {
          status: reply.status,
          headers: reply.headers,
          text: options.redact(bytes.toString('utf8')), // before it is cut, perhaps within a key
          ...{ url, path: call.path },
        });
      }
      const headers = redactHeaders(passedOnHeaders(reply.headers), options.redact);
      if (!call.stream) {
        const bytes = await readAll(reply, limits.answerBytes, 'fail', watchdog.refresh);
        watchdog.stop();
        readAnswer(deployment, url, bytes, call.path, { facts, redact: options.redact });
        return { url, headers, facts, body: single(bytes) };
      }
      await assertEventStream(deployment, url, reply, { path: call.path, redact: options.redact });
      const events = relayEvents(reply, facts, {
        format: streamFormat(call.path, call.stripUsage),
        // The last event of a response has the whole answer in it.
        maxEventBytes: call.path === 'responses' ? limits.answerBytes : limits.eventBytes,
        onChunk: streamTimeoutMs === null ? watchdog.refresh : () => {},
        said: (text) => saidBy(deployment, options.redact(text)),
      } satisfies StreamOptions);
      isReadingEvents = true;
      const first = await events.next();
      expectChunk();
      watchdog.pause(); // until the reader asks for more
      return { url, headers, facts, body: guarded(first, events, { reply, watchdog, failure }) };
    } catch (error) {
      watchdog.stop();
      const seen = failure(error);
      (sent as UpstreamReply | null)?.release(false);
      throw isReadingEvents ? asTruncation(seen) : seen;
    }
  }

  return {
    ask,
    async close() {
      await Promise.all([agent.destroy(), freshAgent.destroy()]);
    },
  };
}

function timeoutError(deployment: Deployment, { host }: CallTarget, what: string): UpstreamError {
  return new UpstreamError(`The ${deployment.group} upstream at ${host} timed out: ${what}.`, {
    status: 504,
    code: 'upstream_timeout',
  });
}

function idleError(deployment: Deployment, { host }: CallTarget): UpstreamError {
  return new UpstreamError(`The ${deployment.group} upstream at ${host} stopped sending.`, {
    status: 504,
    code: 'stream_idle_timeout',
  });
}

/** What was reset, refused or closed while the events were on their way was cut short. */
function asTruncation(error: Error): Error {
  if (!(error instanceof UpstreamError) || error.code !== 'upstream_unreachable') return error;
  return new UpstreamError('The upstream ended the stream before the answer was complete.', {
    code: 'stream_truncated',
    cause: error,
  });
}

/** The events from the first on, under the watchdog. Their end, however it comes, ends the call. */
async function* guarded(
  first: IteratorResult<Buffer>,
  events: AsyncGenerator<Buffer>,
  guard: {
    readonly reply: UpstreamReply;
    readonly watchdog: Watchdog;
    readonly failure: (error: unknown) => Error;
  },
): AsyncGenerator<Buffer> {
  const { reply, watchdog, failure } = guard;
  let isWhole = false;
  try {
    for (let next = first; !next.done; next = await events.next()) {
      watchdog.pause(); // a slow client is no silence of the upstream
      yield next.value;
      watchdog.refresh();
    }
    isWhole = true;
  } catch (error) {
    throw asTruncation(failure(error));
  } finally {
    watchdog.stop();
    reply.release(isWhole);
  }
}

async function* single(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
