import type { ServerResponse } from 'node:http';
import { callOf } from './call.ts';
import type { InFlight } from './in-flight.ts';
import type { Serving } from './serving.ts';

/**
 * Answers a request as one of those in flight, which it is until its last byte has left the socket:
 * only then may a shutdown close that.
 *
 * @param serving taken once the request is whole: a reload does not wait for an upload
 * @throws AppError 503 over the limit
 */
export async function whileInFlight(
  inFlight: InFlight,
  res: ServerResponse,
  serving: Serving,
  answer: () => Promise<void>,
): Promise<void> {
  const leave = inFlight.enter(callOf(res), serving);
  try {
    await answer();
  } finally {
    if (res.writableFinished || res.destroyed) leave();
    else res.once('close', leave);
  }
}
