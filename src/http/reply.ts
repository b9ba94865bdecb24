import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { CancelSignal } from '../cancellation.ts';
import type { AppError } from '../errors.ts';
import { callOf } from './call.ts';

/** A JSON answer in one piece. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, {
    ...headers,
    'content-type': 'application/json',
    'content-length': bytes.length,
  });
  endWith(res, bytes);
}

/** Ends an answer with these bytes, as fast as the client takes them; the call's end cuts it. */
export function endWith(res: ServerResponse, bytes: Buffer): void {
  if (bytes.length <= sliceBytes) {
    res.end(bytes);
    return;
  }
  const signal = callOf(res).signal.toAbortSignal();
  pipeline(slicesOf(bytes), res, { signal }).catch(() => {}); // it closes the connection: all is said
}

/**
 * Writes with backpressure: resolves when the client has taken enough of it.
 * @throws the signal's reason when the call ends first.
 */
export async function writeChunk(
  res: ServerResponse,
  bytes: Buffer,
  signal: CancelSignal,
): Promise<void> {
  if (bytes.length <= sliceBytes) return writeSlice(res, bytes, signal);
  for (const slice of slicesOf(bytes)) await writeSlice(res, slice, signal);
}

/** As much as a socket holds before it asks to wait. */
const sliceBytes = 16 * 1024;

/** A client's progress is seen between two writes only, and one that makes none is cut off. */
function* slicesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    yield bytes.subarray(at, at + sliceBytes);
  }
}

async function writeSlice(res: ServerResponse, bytes: Buffer, signal: CancelSignal): Promise<void> {
  signal.throwIfAborted();
  if (!res.write(bytes)) await drained(res, signal);
}

async function drained(res: ServerResponse, signal: CancelSignal): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onDrain = () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = () => {
      res.off('drain', onDrain);
      reject(signal.reason!);
    };
    res.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Ends a stream that broke after its first bytes: one error event and no `[DONE]`. The connection
 * stays: a client that has read the end may already have sent its next request on it, and closing
 * would fail that one.
 */
export function endBrokenStream(res: ServerResponse, error: AppError): void {
  res.end(`data: ${JSON.stringify(error.toBody())}\n\n`);
}

/**
 * The same for a response's stream. Some clients look for what is wrong in an error event, others in
 * its `error`, and Codex in the response that has failed.
 *
 * @param sequence number of the last event
 */
export function endBrokenResponse(res: ServerResponse, error: AppError, sequence: number): void {
  const { error: said } = error.toBody();
  const { message, code, param } = said;
  const events = [
    { type: 'error', sequence_number: sequence + 1, message, code, param, error: said },
    {
      ...{ type: 'response.failed', sequence_number: sequence + 2 },
      response: { object: 'response', status: 'failed', error: { code, message }, output: [] },
    },
  ];
  res.end(
    events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
  );
}
