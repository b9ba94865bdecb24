import type { ServerResponse } from 'node:http';
import type { AppError } from '../errors.ts';

/** A JSON answer in one write. */
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
  res.end(bytes);
}

/**
 * Writes with backpressure: resolves when the client has taken enough of it.
 * @throws the signal's reason when the call ends first.
 */
export async function writeChunk(
  res: ServerResponse,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  if (res.write(bytes)) return;
  await new Promise<void>((resolve, reject) => {
    const onDrain = () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    const onAbort = () => {
      res.off('drain', onDrain);
      reject(signal.reason as Error);
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
