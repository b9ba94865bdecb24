const msPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** The longest wait that `setTimeout` can keep (it fires at once above 2^31 - 1 ms): 24 days. */
const longestMs = 2 ** 31 - 1;

/**
 * Reads a duration: a number is seconds, a text has a unit: `5`, `"5s"`, `"500ms"`, `"2m"`.
 * Milliseconds, or null when it is none: negative, not a number, another unit, over 24 days.
 */
export function parseDuration(value: unknown): number | null {
  if (typeof value !== 'number' && typeof value !== 'string') return null;
  const match = /^(\d+(?:\.\d+)?) ?(ms|s|m|h)?$/.exec(String(value).trim());
  if (!match) return null;
  const unit = (match[2] ?? 's') as keyof typeof msPerUnit;
  const ms = Math.round(Number(match[1]) * msPerUnit[unit]);
  return ms <= longestMs ? ms : null;
}
