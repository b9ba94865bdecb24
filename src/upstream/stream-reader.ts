import { UpstreamError } from '../errors.ts';
import { isObject } from '../is-object.ts';
import { noteText, type AnswerFacts } from './answer-facts.ts';
import { reportedFailure } from './reported-failure.ts';
import { createEventSplitter, type EventKind, type SseEvent } from './sse-events.ts';
import type { StreamFormat } from './stream-format.ts';
import type { UpstreamReply } from './upstream-reply.ts';

export interface StreamOptions {
  readonly format: StreamFormat;
  readonly maxEventBytes: number;
  /** Told of every chunk's arrival. */
  readonly onChunk: () => void;
  /** An upstream's own words, as far as they may be repeated. */
  readonly said: (text: string) => string;
}

const maxHeldEvents = 64;

/**
 * Relays an answer's stream: yields the upstream's bytes, unchanged and in whole events, and fills
 * `facts` from a parsed copy. Nothing is yielded before the first event with content, so an
 * upstream that fails earlier can still be answered by an error, or another model. Ends at the
 * first `[DONE]`, or at the event that completes a response.
 *
 * @throws UpstreamError `stream_truncated` when the stream ends before the answer does,
 *   `upstream_invalid_response` for a line that is not JSON, `upstream_error` for an error
 *   event; after content with what it says. A connection's error is thrown as it came.
 */
export async function* relayEvents(
  body: Pick<UpstreamReply, 'read'>,
  facts: AnswerFacts,
  options: StreamOptions,
): AsyncGenerator<Buffer> {
  const { format } = options;
  const splitter = createEventSplitter(options.maxEventBytes);
  let out: Buffer[] = [];
  let heldEvents = 0;
  let heldBytes = 0;
  let started = false;

  /** True when the stream is over. */
  function take(event: SseEvent): boolean {
    const kind = readEvent(event, facts, options, started);
    if (kind === 'drop') return false;
    out.push(kind === 'done' ? endBytes(event, format) : event.bytes);
    if (!started) {
      heldEvents++;
      heldBytes += event.bytes.length;
      started =
        kind !== 'prelude' || heldEvents >= maxHeldEvents || heldBytes >= format.maxHeldBytes;
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
  const last = lastEvent(splitter.end(), facts, options, started);
  if (last.kind !== 'done' && !format.isComplete(facts)) {
    throw new UpstreamError('The upstream ended the stream before the answer was complete.', {
      code: 'stream_truncated',
    });
  }
  // Complete, but some servers forget the end mark, or the blank line after the last event.
  yield Buffer.concat([
    ...out,
    ...last.bytes,
    ...(format.endMark === null ? [] : [format.endMark]),
  ]);
}

interface LastEvent {
  /** Null when there is none, or one that was cut in half. */
  readonly kind: EventKind | null;
  readonly bytes: readonly Buffer[];
}

/** An event that lacks its blank line. */
function lastEvent(
  event: SseEvent | null,
  facts: AnswerFacts,
  options: StreamOptions,
  started: boolean,
): LastEvent {
  const none = { kind: null, bytes: [] };
  if (event === null || event.data === null) return none;
  if (!isEndMark(event) && !isObject(parseJson(event.data))) return none;
  const kind = readEvent(event, facts, options, started);
  const isShown = kind !== 'drop' && !isEndMark(event);
  return { kind, bytes: isShown ? [event.bytes, Buffer.from('\n\n')] : [] };
}

function isEndMark({ data }: SseEvent): boolean {
  return data?.trim() === '[DONE]';
}

/** Not every client takes a mark with spaces for the end. */
function endBytes({ bytes, data }: SseEvent, { endMark }: StreamFormat): Buffer {
  return endMark === null || data === '[DONE]' ? bytes : endMark;
}

function readEvent(
  event: SseEvent,
  facts: AnswerFacts,
  options: StreamOptions,
  started: boolean,
): EventKind {
  const { format } = options;
  if (event.data === null) return 'prelude'; // a comment: keep-alive
  if (event.data === '') return 'drop'; // no event by the standard; client libraries choke on it
  const word = facts.logprobs === null ? wordOf(event, format) : null;
  if (word !== null) {
    facts.contentChars += word.length;
    noteText(facts, word);
    return 'content';
  }
  if (isEndMark(event)) {
    if (format.endMark === null) return 'drop';
    if (!started && facts.finishReason === null) {
      throw new UpstreamError('The upstream ended the stream without an answer.', {
        code: 'upstream_invalid_response',
      });
    }
    return 'done';
  }
  const chunk = parseChunk(event.data);
  if (format.isFailure(event, chunk)) {
    const said = options.said(failureText(event.data, chunk));
    throw reportedFailure(errorOf(chunk), said) ?? streamError(said, started);
  }
  const kind = format.read(facts, chunk);
  if (kind === 'content') format.words?.note(event.data, chunk);
  return kind;
}

function wordOf({ name, data }: SseEvent, { words }: StreamFormat): string | null {
  return name !== null || data === null || words === null ? null : words.wordOf(data);
}

/** A response that failed says why within, an error event by itself. */
function errorOf(event: Record<string, unknown>): unknown {
  const { response, error = event } = event;
  return isObject(response) ? response['error'] : error;
}

/** The event but for what a failed response repeats of its request. */
function failureText(data: string, event: Record<string, unknown>): string {
  if (!isObject(event['response'])) return data;
  return JSON.stringify(errorOf(event) ?? { message: 'no reason given' });
}

function streamError(said: string, started: boolean): UpstreamError {
  const code = 'upstream_error';
  if (started) {
    return new UpstreamError(`The upstream reported an error in its stream: ${said}`, { code });
  }
  return new UpstreamError('The upstream answered with an error in its stream.', {
    ...{ code, cause: new Error(said) },
  });
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
