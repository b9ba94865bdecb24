import { UpstreamError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { isComplete, readFacts, type AnswerFacts } from './answer-facts.ts';
import { createEventSplitter, type SseEvent } from './sse-events.ts';
import type { UpstreamReply } from './upstream-reply.ts';

export interface StreamOptions {
  readonly maxEventBytes: number;
  /** True: the usage chunk was asked for by us alone and is kept from the client. */
  readonly stripUsage: boolean;
  /** Told of every chunk's arrival. */
  readonly onChunk: () => void;
  /** An upstream's own words, as far as they may be repeated. */
  readonly said: (text: string) => string;
}

const maxHeldEvents = 64;
const maxHeldBytes = 256 * 1024;
const done = Buffer.from('data: [DONE]\n\n');

/**
 * Relays a chat-completion stream: yields the upstream's bytes, unchanged and in whole events, and
 * fills `facts` from a parsed copy. Nothing is yielded before the first event with content, so an
 * upstream that fails earlier can still be answered by an error, or another model. Ends at the
 * first `[DONE]`.
 *
 * @throws UpstreamError `stream_truncated` when the stream ends without finish reason or `[DONE]`,
 *   `upstream_invalid_response` for a line that is not JSON, `upstream_error` for an error
 *   event; after content with what it says. A connection's error is thrown as it came.
 */
export async function* relayEvents(
  body: Pick<UpstreamReply, 'read'>,
  facts: AnswerFacts,
  options: StreamOptions,
): AsyncGenerator<Buffer> {
  const splitter = createEventSplitter(options.maxEventBytes);
  let out: Buffer[] = [];
  let heldEvents = 0;
  let heldBytes = 0;
  let started = false;

  /** True when the stream is over. */
  function take(event: SseEvent): boolean {
    const kind = readEvent(event, facts, options, started);
    if (kind === 'drop') return false;
    out.push(kind === 'done' ? endMark(event) : event.bytes);
    if (!started) {
      heldEvents++;
      heldBytes += event.bytes.length;
      started = kind !== 'prelude' || heldEvents >= maxHeldEvents || heldBytes >= maxHeldBytes;
    }
    return kind === 'done';
  }

  function flush(): Buffer {
    const bytes = out.length === 1 && out[0] ? out[0] : Buffer.concat(out);
    out = [];
    return bytes;
  }

  for (let chunk = await body.read(); chunk !== null; chunk = await body.read()) {
    options.onChunk();
    let isOver = false;
    let broken: unknown = null;
    try {
      for (const event of splitter.push(chunk)) {
        isOver = take(event);
        if (isOver) break;
      }
    } catch (error) {
      broken = error;
    }
    // What was good before a bad line still goes out.
    if (started && out.length > 0) yield flush();
    if (broken !== null) throw broken as Error;
    if (isOver) return;
  }
  const rest = lastEvent(splitter.end(), facts, options, started);
  if (rest === 'done') {
    yield Buffer.concat([...out, done]);
    return;
  }
  if (!isComplete(facts)) {
    throw new UpstreamError('The upstream ended the stream before the answer was complete.', {
      code: 'stream_truncated',
    });
  }
  // Complete, but some servers forget the end mark, or the blank line after the last event.
  yield Buffer.concat([...out, ...rest, done]);
}

/** The bytes of an event that lacks its blank line; nothing of one that was cut in half. */
function lastEvent(
  event: SseEvent | null,
  facts: AnswerFacts,
  options: StreamOptions,
  started: boolean,
): 'done' | Buffer[] {
  if (event === null || event.data === null) return [];
  if (!isEnd(event) && !isObject(parseJson(event.data))) return [];
  const kind = readEvent(event, facts, options, started);
  if (kind === 'done') return 'done';
  return kind === 'drop' ? [] : [event.bytes, Buffer.from('\n\n')];
}

function isEnd({ data }: SseEvent): boolean {
  return data?.trim() === '[DONE]';
}

/** Not every client takes one with spaces for the end. */
function endMark({ bytes, data }: SseEvent): Buffer {
  return data === '[DONE]' ? bytes : done;
}

/** `prelude`: nothing that a reader would see yet. `drop`: not for the client. */
type EventKind = 'prelude' | 'content' | 'done' | 'drop';

function readEvent(
  event: SseEvent,
  facts: AnswerFacts,
  options: StreamOptions,
  started: boolean,
): EventKind {
  if (event.data === null) return 'prelude'; // a comment: keep-alive
  if (event.data === '') return 'drop'; // no event by the standard; client libraries choke on it
  if (isEnd(event)) {
    if (!started && facts.finishReason === null) {
      throw new UpstreamError('The upstream ended the stream without an answer.', {
        code: 'upstream_invalid_response',
      });
    }
    return 'done';
  }
  const chunk = parseChunk(event.data);
  if (isFailure(event, chunk)) {
    const said = options.said(event.data);
    if (started) throw streamError(`The upstream reported an error in its stream: ${said}`);
    throw streamError('The upstream answered with an error in its stream.', new Error(said));
  }
  const hasContent = readFacts(facts, chunk);
  if (options.stripUsage && isUsageOnly(chunk)) return 'drop';
  return hasContent ? 'content' : 'prelude';
}

function isFailure({ name }: SseEvent, { error }: Record<string, unknown>): boolean {
  return name === 'error' || (error !== undefined && error !== null && error !== '');
}

/** Servers write no choices as `[]`, as null or not at all. */
function isUsageOnly({ usage, choices }: Record<string, unknown>): boolean {
  return isObject(usage) && (!Array.isArray(choices) || choices.length === 0);
}

function streamError(message: string, cause?: Error): UpstreamError {
  return new UpstreamError(message, { code: 'upstream_error', cause });
}

function parseChunk(data: string): Record<string, unknown> {
  const chunk = parseJson(data);
  if (isObject(chunk)) return chunk;
  throw new UpstreamError('The upstream sent an event that is not JSON.', {
    code: 'upstream_invalid_response',
  });
}

/** Undefined for what is no JSON. */
function parseJson(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
