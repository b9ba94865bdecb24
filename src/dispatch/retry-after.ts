/** Longest wait that an upstream may ask of us, in milliseconds. */
export const maxRetryAfterMs = 60_000;

/**
 * The wait that `retry-after-ms` or `retry-after` (seconds or an HTTP date) asks for, in
 * milliseconds; null when there is none, or it is negative, unreadable or over a minute
 * (the official SDKs obey 0 to 60 s only).
 */
export function retryAfterMs(
  headers: Readonly<Record<string, string | undefined>>,
  nowMs: number,
): number | null {
  const asked = [
    toMs(headers['retry-after-ms'], 1),
    toMs(headers['retry-after'], 1000),
    untilDate(headers['retry-after'], nowMs),
  ];
  for (const ms of asked) if (ms !== null && ms >= 0 && ms <= maxRetryAfterMs) return ms;
  return null;
}

function toMs(value: string | undefined, unitMs: number): number | null {
  return value !== undefined && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * unitMs : null;
}

function untilDate(value: string | undefined, nowMs: number): number | null {
  if (value === undefined || !/[A-Za-z]{3}/.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
