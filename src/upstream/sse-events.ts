import { UpstreamError } from '../errors.ts';

/** One server-sent event as it came. */
export interface SseEvent {
  /** The event's bytes, its blank line included. */
  readonly bytes: Buffer;
  /** Its `data` lines joined by LF; null for comments and events without data. */
  readonly data: string | null;
  /** The `event:` field; null when there is none. */
  readonly name: string | null;
}

const CR = 13;
const LF = 10;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * Cuts a byte stream into server-sent events, whatever the cuts of the chunks: lines end in LF,
 * CRLF or CR, an empty line ends the event, a BOM at the very start is dropped. Bytes are not
 * changed, so complete events can be forwarded as they are. (WHATWG HTML, 9.2.6.)
 */
export function createEventSplitter(maxEventBytes: number) {
  let pending: Buffer = Buffer.alloc(0);
  let scanned = 0; // bytes of `pending` already looked at
  let lineStart = 0; // where the current line begins in `pending`
  let atStart = true;

  /** @throws UpstreamError when an event without end grows over `maxEventBytes`. */
  function push(chunk: Buffer): SseEvent[] {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    if (atStart) {
      if (pending.length < BOM.length && BOM.subarray(0, pending.length).equals(pending)) return [];
      if (pending.subarray(0, BOM.length).equals(BOM)) pending = pending.subarray(BOM.length);
      atStart = false;
    }
    const events: SseEvent[] = [];
    let eventStart = 0;
    let i = scanned;
    for (; i < pending.length; i++) {
      const byte = pending[i];
      if (byte !== LF && byte !== CR) continue;
      if (byte === CR) {
        if (i + 1 === pending.length) break; // an LF may follow in the next chunk
        if (pending[i + 1] === LF) {
          if (i === lineStart) lineStart++; // the line is empty, and its LF ends it
          continue;
        }
      }
      // For CRLF the line's text ends before the CR, but only its emptiness matters here.
      if (i === lineStart) {
        events.push(readEvent(pending.subarray(eventStart, i + 1)));
        eventStart = i + 1;
      }
      lineStart = i + 1;
    }
    pending = pending.subarray(eventStart);
    scanned = i - eventStart;
    lineStart -= eventStart;
    if (pending.length > maxEventBytes) {
      throw new UpstreamError(
        `The upstream sent an event of more than ${maxEventBytes} bytes without an end.`,
        { code: 'upstream_invalid_response' },
      );
    }
    return events;
  }

  /** What is left when the stream ends: an event whose blank line never came, or null. */
  function end(): SseEvent | null {
    const rest = pending;
    pending = Buffer.alloc(0);
    if (rest.every((byte) => byte === LF || byte === CR)) return null;
    return readEvent(rest);
  }

  return { push, end };
}

function readEvent(bytes: Buffer): SseEvent {
  const data: string[] = [];
  let name: string | null = null;
  for (const line of bytes.toString('utf8').split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(withoutLeadingSpace(line.slice(5)));
    else if (line === 'data') data.push('');
    else if (line.startsWith('event:')) name = withoutLeadingSpace(line.slice(6));
  }
  return { bytes, data: data.length === 0 ? null : data.join('\n'), name };
}

function withoutLeadingSpace(value: string): string {
  return value.startsWith(' ') ? value.slice(1) : value;
}
