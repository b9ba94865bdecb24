import { UpstreamError } from '../errors.ts';
import { GrowingBytes } from '../growing-bytes.ts';

/** One server-sent event as it came. */
export interface SseEvent {
  /** The event's bytes, its blank line included. */
  readonly bytes: Buffer;
  /** Its `data` lines joined by LF; null for comments and events without data. */
  readonly data: string | null;
  /** The `event:` field; null when there is none. */
  readonly name: string | null;
}

/**
 * What an event of an answer is for the client. `prelude`: nothing that a reader would see yet.
 * `done`: the end. `drop`: not for the client.
 */
export type EventKind = 'prelude' | 'content' | 'done' | 'drop';

const CR = 13;
const LF = 10;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Cuts a byte stream into server-sent events, whatever the cuts of the chunks: lines end in LF,
 * CRLF or CR, an empty line ends the event, a BOM at the very start is dropped. Bytes are not
 * changed, so complete events can be forwarded as they are. (WHATWG HTML, 9.2.6.)
 *
 * An event of more than `maxEventBytes` is refused, also one that has not ended yet; those before
 * it still come out, whatever the cuts.
 */
export function createEventSplitter(maxEventBytes: number) {
  let pending = new GrowingBytes();
  let scanned = 0; // bytes of `pending` already looked at
  let lineStart = 0; // where the current line begins in `pending`
  let atStart = true;
  let isTooLarge = false;

  /** @throws UpstreamError from the event that is too large on. */
  function push(chunk: Buffer): SseEvent[] {
    if (isTooLarge) throw tooLarge(maxEventBytes);
    pending.append(chunk);
    if (atStart && !skipMark()) return [];
    const bytes = pending.bytes();
    const events: SseEvent[] = [];
    const lineEnd = lineEnds(bytes);
    let eventStart = 0;
    let i = lineEnd(scanned);
    for (; i < bytes.length; i = lineEnd(i + 1)) {
      if (bytes[i] === CR) {
        if (i + 1 === bytes.length) break; // an LF may follow in the next chunk
        if (bytes[i + 1] === LF) {
          if (i === lineStart) lineStart++; // the line is empty, and its LF ends it
          continue;
        }
      }
      // For CRLF the line's text ends before the CR, but only its emptiness matters here.
      if (i === lineStart) {
        isTooLarge = i + 1 - eventStart > maxEventBytes;
        if (isTooLarge) break;
        events.push(readEvent(bytes.subarray(eventStart, i + 1)));
        eventStart = i + 1;
      }
      lineStart = i + 1;
    }
    keep(bytes.subarray(eventStart));
    scanned = i - eventStart;
    lineStart -= eventStart;
    isTooLarge ||= pending.length > maxEventBytes;
    if (isTooLarge && events.length === 0) throw tooLarge(maxEventBytes);
    return events;
  }

  /** What is left when the stream ends: an event whose blank line never came, or null. */
  function end(): SseEvent | null {
    if (isTooLarge) throw tooLarge(maxEventBytes);
    const rest = pending.bytes();
    pending = new GrowingBytes();
    if (rest.every((byte) => byte === LF || byte === CR)) return null;
    return readEvent(rest);
  }

  /** False while it is not known whether the stream begins with a byte order mark. */
  function skipMark(): boolean {
    const bytes = pending.bytes();
    if (bytes.length < BOM.length && BOM.subarray(0, bytes.length).equals(bytes)) return false;
    if (bytes.subarray(0, BOM.length).equals(BOM)) keep(bytes.subarray(BOM.length));
    atStart = false;
    return true;
  }

  function keep(bytes: Buffer): void {
    if (bytes.length === pending.length) return;
    pending = new GrowingBytes();
    pending.append(bytes);
  }

  return { push, end };
}

/** Finds the first CR or LF from a place on, or the end; the places must go up. */
function lineEnds(bytes: Buffer): (from: number) => number {
  const seek = (byte: number, from: number) => {
    const at = bytes.indexOf(byte, from);
    return at < 0 ? bytes.length : at;
  };
  let cr = -1;
  return (from) => {
    if (cr < from) cr = seek(CR, from);
    return Math.min(cr, seek(LF, from));
  };
}

function tooLarge(maxEventBytes: number): UpstreamError {
  return new UpstreamError(`The upstream sent an event of more than ${maxEventBytes} bytes.`, {
    code: 'upstream_invalid_response',
  });
}

function readEvent(bytes: Buffer): SseEvent {
  const text = bytes.toString('utf8');
  const only = onlyDataLine(text);
  if (only !== null) return { bytes, data: only, name: null };
  const data: string[] = [];
  let name: string | null = null;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(withoutLeadingSpace(line.slice(5)));
    else if (line === 'data') data.push('');
    else if (line.startsWith('event:')) name = withoutLeadingSpace(line.slice(6));
  }
  return { bytes, data: data.length === 0 ? null : data.join('\n'), name };
}

/** The data of an event as nearly all are: `data: ...`, LF, LF. Null for any other. */
function onlyDataLine(text: string): string | null {
  const end = text.length - 2;
  const isPlain = text.startsWith('data: ') && text.endsWith('\n\n') && !text.includes('\r');
  return isPlain && text.indexOf('\n') === end ? text.slice(6, end) : null;
}

function withoutLeadingSpace(value: string): string {
  return value.startsWith(' ') ? value.slice(1) : value;
}
