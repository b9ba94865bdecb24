import { Agent, type Dispatcher } from 'undici';
import { joinApiUrl } from '../base-url.ts';
import { UpstreamError } from '../errors.ts';
import { emptyFacts, type AnswerFacts } from './answer-facts.ts';
import type { Deployment } from './deployment.ts';
import { failureOfConnection, failureOfReply, saidBy } from './failure.ts';
import {
  assertEventStream,
  assertNotCompressed,
  readAll,
  readAnswer,
  releaseConnection,
} from './read-answer.ts';
import { redactError, type Redact } from './redact.ts';
import { createStaleConnections } from './stale-connections.ts';
import { relayEvents } from './stream-reader.ts';
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

export interface ChatCall {
  /** Below the base URL. */
  readonly path: 'chat/completions' | 'completions' | 'embeddings';
  /** The request's JSON text with the deployment's model in it. */
  readonly body: string;
  readonly stream: boolean;
  /** The stream's usage chunk was asked for by us alone. */
  readonly stripUsage: boolean;
  /** Headers of ours, such as x-request-id and the loop guard. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ChatAnswer {
  readonly url: string;
  /** Upstream headers that clients know how to read. */
  readonly headers: Readonly<Record<string, string>>;
  readonly facts: AnswerFacts;
  /** One buffer for JSON; whole events for a stream, whose failures it throws. Must be read. */
  readonly body: AsyncGenerator<Buffer>;
}

export interface UpstreamClient {
  /**
   * One `POST …/chat/completions`, or `…/completions`. Resolves when there is something to show: a stream's first
   * content, or a complete and valid JSON body. Until then nothing has reached the client, so
   * another deployment can be asked.
   * @throws AppError of failure.ts; the signal's reason when the client has gone.
   */
  chat(deployment: Deployment, call: ChatCall, signal: AbortSignal): Promise<ChatAnswer>;
  close(): Promise<void>;
}

/** As much of an error's body as is read. */
const maxErrorBytes = 64 * 1024;

const passedOnHeaders = /^(?:openai-processing-ms|retry-after|x-ratelimit-[a-z-]+)$/;

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

  async function send(
    deployment: Deployment,
    call: ChatCall,
    url: string,
    watchdog: Watchdog,
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = {
      ...call.headers,
      'content-type': 'application/json',
      accept: call.stream ? 'text/event-stream' : 'application/json',
      'accept-encoding': 'identity',
      'user-agent': options.userAgent,
    };
    if (deployment.apiKey !== null)
      headers['authorization'] = `Bearer ${deployment.apiKey.reveal()}`;
    const { origin, pathname, search } = new URL(url);
    const request = {
      origin,
      path: pathname + search,
      method: 'POST',
      headers,
      body: call.body,
      signal: watchdog.signal,
    } as const;
    try {
      return await agent.request(request);
    } catch (error) {
      if (!stale.isStale(error)) throw error;
      return freshAgent.request(request);
    }
  }

  async function chat(
    deployment: Deployment,
    call: ChatCall,
    signal: AbortSignal,
  ): Promise<ChatAnswer> {
    const url = joinApiUrl(deployment.baseUrl, call.path);
    const totalMs = deployment.timeoutMs ?? timeouts.totalMs;
    const watchdog = createWatchdog(signal, totalMs, () =>
      timeoutError(deployment, url, `no complete answer within ${totalMs} ms`),
    );
    const expectChunk = () => watchdog.expect(timeouts.idleMs, () => idleError(deployment, url));
    // A stream timeout runs until the first content, whatever comes before it.
    const streamTimeoutMs = call.stream ? deployment.streamTimeoutMs : null;
    const headersMs = deployment.headersTimeoutMs ?? timeouts.headersMs;
    watchdog.expect(streamTimeoutMs ?? headersMs, () =>
      timeoutError(deployment, url, call.stream ? 'no first content' : 'no response headers'),
    );
    /** Any failure as ours; a watchdog's or client's reason as it is. */
    const failure = (error: unknown): Error =>
      watchdog.signal.aborted
        ? (watchdog.signal.reason as Error)
        : redactError(failureOfConnection(deployment, url, error), options.redact);
    const facts = emptyFacts();
    try {
      const reply = await send(deployment, call, url, watchdog);
      redactHeaders(reply.headers, options.redact);
      assertNotCompressed(deployment, url, reply);
      if (streamTimeoutMs === null || reply.statusCode !== 200) expectChunk();
      if (reply.statusCode !== 200) {
        const text = (await readAll(reply.body, maxErrorBytes, 'cut', watchdog.refresh)).toString(
          'utf8',
        );
        throw failureOfReply(deployment, {
          status: reply.statusCode,
          headers: reply.headers,
          text: options.redact(text), // before it is cut, perhaps within a key
          url,
        });
      }
      const headers = passOn(reply.headers, options.redact);
      if (!call.stream) {
        const bytes = await readAll(reply.body, limits.answerBytes, 'fail', watchdog.refresh);
        watchdog.stop();
        readAnswer(deployment, url, bytes, call.path, { facts, redact: options.redact });
        return { url, headers, facts, body: single(bytes) };
      }
      assertEventStream(deployment, url, reply);
      const onChunk = streamTimeoutMs === null ? watchdog.refresh : () => {};
      const said = (text: string) => saidBy(deployment, options.redact(text));
      const chunks = relayGuarded(reply.body, facts, call, { watchdog, failure, onChunk, said });
      const first = await chunks.next();
      expectChunk();
      watchdog.pause(); // until the reader asks for more
      return { url, headers, facts, body: startingWith(first, chunks) };
    } catch (error) {
      watchdog.stop();
      throw failure(error);
    }
  }

  async function* relayGuarded(
    body: Dispatcher.ResponseData['body'],
    facts: AnswerFacts,
    call: ChatCall,
    guard: {
      readonly watchdog: Watchdog;
      readonly failure: (error: unknown) => Error;
      readonly onChunk: () => void;
      readonly said: (text: string) => string;
    },
  ): AsyncGenerator<Buffer> {
    const { watchdog, failure } = guard;
    let isWhole = false;
    try {
      // Not destroyed when the last event is read: its connection can be used again.
      const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      const events = relayEvents(chunks, facts, {
        maxEventBytes: limits.eventBytes,
        stripUsage: call.stripUsage,
        onChunk: guard.onChunk,
        said: guard.said,
      });
      for await (const bytes of events) {
        watchdog.pause(); // a slow client is no silence of the upstream
        yield bytes;
        watchdog.refresh();
      }
      isWhole = true;
    } catch (error) {
      const seen = failure(error);
      throw isConnectionLoss(seen) ? truncated(seen) : seen;
    } finally {
      watchdog.stop();
      releaseConnection(body, isWhole);
    }
  }

  return {
    chat,
    async close() {
      await Promise.all([agent.destroy(), freshAgent.destroy()]);
    },
  };
}

function timeoutError(deployment: Deployment, url: string, what: string): UpstreamError {
  const { host } = new URL(url);
  return new UpstreamError(`The ${deployment.group} upstream at ${host} timed out: ${what}.`, {
    status: 504,
    code: 'upstream_timeout',
  });
}

function idleError(deployment: Deployment, url: string): UpstreamError {
  const { host } = new URL(url);
  return new UpstreamError(`The ${deployment.group} upstream at ${host} stopped sending.`, {
    status: 504,
    code: 'stream_idle_timeout',
  });
}

/** Reset, refused or closed while the body was on its way. */
function isConnectionLoss(error: Error): boolean {
  return error instanceof UpstreamError && error.code === 'upstream_unreachable';
}

function truncated(cause: Error): UpstreamError {
  return new UpstreamError('The upstream ended the stream before the answer was complete.', {
    code: 'stream_truncated',
    cause,
  });
}

/** A generator of which one value has been taken, made whole again. */
async function* startingWith(
  first: IteratorResult<Buffer>,
  rest: AsyncGenerator<Buffer>,
): AsyncGenerator<Buffer> {
  try {
    if (first.done) return;
    yield first.value;
    yield* rest;
  } finally {
    await rest.return(undefined); // a reader that stops early must end the call
  }
}

async function* single(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}

/** Of the headers that our messages quote. */
function redactHeaders(headers: Dispatcher.ResponseData['headers'], redact: Redact): void {
  for (const name of ['content-type', 'content-encoding']) {
    const value = headers[name];
    if (value !== undefined) headers[name] = redact(String(value));
  }
}

function passOn(
  headers: Dispatcher.ResponseData['headers'],
  redact: Redact,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && passedOnHeaders.test(name)) passed[name] = redact(value);
  }
  return passed;
}
