import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.ts';

/** Lists the instances that a request has passed, so that gateways in a ring notice. */
const viaHeader = 'x-pointsman-via';

/** @throws AppError 508 when this instance has already seen the request. */
export function assertNoLoop(headers: IncomingHttpHeaders, instanceId: string): void {
  if (!via(headers).split(',').includes(instanceId)) return;
  throw new AppError(
    'This request has already passed this pointsman: an upstream base URL points back to it.',
    { status: 508, type: 'server_error', code: 'loop_detected' },
  );
}

export function viaHeaders(
  headers: IncomingHttpHeaders,
  instanceId: string,
): Record<string, string> {
  const passed = via(headers);
  return { [viaHeader]: passed === '' ? instanceId : `${passed},${instanceId}` };
}

function via(headers: IncomingHttpHeaders): string {
  const value = headers[viaHeader];
  // Cut at its beginning: we stand at the end.
  return typeof value === 'string' ? value.replace(/\s/g, '').slice(-1000) : '';
}
